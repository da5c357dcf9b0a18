"""What programs and commands say to a wrong password, a certificate that does not fit, and an ACL that is missing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka.admin import AclBindingFilter, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from charles.base.shutdown import Stop
from charles.control.link import Link
from charles.control.status_topic import StatusFollower
from charles.kafka import acls
from charles.kafka.clients import admin
from charles.kafka.errors import AccessRefused
from charles.kafka.topic_admin import resolve
from charles.settings import Kafka, environment, load
from producers.collector.status_listener import StatusListener
from tests.logged import until
from tests.patience import PATIENCE_S
from tests.security.certificates import Authority
from tests.security.secured import STRANGER, Secured, holds

PROGRAMS = ["collect", "balance", "train", "play", "record"]
COMMANDS = [
    "status",
    "top --once",
    "topics",
    "config show",
    "config set train.buffer=80",
    "ledger",
    "command all pause",
    "reset",
]
EVERYTHING = pytest.mark.parametrize("argv", [*PROGRAMS, *COMMANDS])


def told(kafka: Kafka, argv: str) -> str:
    """The one line with which a program or command ends that cannot do its work; its exit code is 1."""
    done = subprocess.run(
        [sys.executable, "-m", "charles", *argv.split()],
        env=os.environ | environment(load(kafka=kafka.model_dump())),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


@EVERYTHING
def test_a_wrong_password_is_one_clear_line(secured: Secured, prefix: str, argv: str) -> None:
    line = told(secured.kafka("operator", prefix, sasl_password="wrong"), argv)  # noqa: S106
    assert f"the cluster at {secured.node.bootstrap} does not let operator in" in line
    assert "invalid credentials" in line
    assert "wrong" not in line


@EVERYTHING
def test_a_broker_s_certificate_that_nobody_known_has_signed_is_one_clear_line(
    secured: Secured, prefix: str, argv: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Authority(tmp_path_factory.mktemp("other"))
    line = told(secured.kafka("operator", prefix, ssl_ca_location=str(other.ca)), argv)
    assert f"the certificates of the cluster at {secured.node.bootstrap} and of this program do not match" in line
    assert "ssl.ca.location must name the brokers' CA" in line


def test_a_certificate_that_is_made_out_to_another_name_is_one_clear_line(secured: Secured, prefix: str) -> None:
    kafka = secured.kafka("operator", prefix)
    elsewhere = kafka.model_copy(update={"bootstrap_servers": f"localhost:{secured.node.port}"})
    assert "must be for the names in kafka.bootstrap_servers" in told(elsewhere, "status")


@pytest.mark.parametrize("argv", [*PROGRAMS, *(command for command in COMMANDS if command != "reset")])
def test_a_user_to_whom_nothing_is_allowed_is_told_so_in_one_clear_line(
    secured: Secured, prefix: str, argv: str
) -> None:
    line = told(secured.kafka(STRANGER, prefix), argv)
    assert "`charles acls` shows what each program needs" in line
    assert prefix in line


@pytest.mark.parametrize(("argv", "about"), [("reset --yes", "."), ("config set train.buffer=80", ".schemas")])
def test_an_onlooker_changes_nothing_and_is_told_so(secured: Secured, prefix: str, argv: str, about: str) -> None:
    line = told(secured.kafka("onlooker", prefix), argv)
    assert f"{prefix}{about}" in line
    assert "the cluster does not allow this user" in line
    assert "`charles acls`" in line


@pytest.mark.parametrize(
    ("argv", "user", "kind", "resource", "says"),
    [
        ("collect", "collector", ResourceType.TOPIC, "frames", "Missing: Write on topic {}."),
        ("balance", "balancer", ResourceType.GROUP, "balancer", "Missing: Read on group {}."),
        ("balance", "balancer", ResourceType.TRANSACTIONAL_ID, "balancer-", "(to write in transactions)"),
        ("train", "trainer", ResourceType.TOPIC, "weights", "Missing: Read, Write, Delete on topic {}."),
        ("train", "trainer", ResourceType.TRANSACTIONAL_ID, "trainer-", "(to write in transactions)"),
        ("play", "player", ResourceType.TOPIC, "driving", "Missing: Write on topic {}."),
        ("record", "recorder", ResourceType.TOPIC, "training", "Missing: Read on topic {}."),
    ],
)
def test_one_missing_acl_is_named_in_one_clear_line(
    secured: Secured, prefix: str, argv: str, user: str, kind: ResourceType, resource: str, says: str
) -> None:
    full = f"{prefix}.{resource}"
    kafka = secured.kafka(user, prefix)
    take_away(secured, kind, full, user)
    try:
        line = told(kafka, argv)
    finally:
        acls.apply(secured.superuser.model_copy(update={"prefix": prefix}), acls.role(user), user)
        until(lambda: holds(kafka, user), PATIENCE_S)
    assert says.format(full) in line
    assert "`charles acls" in line


def test_heartbeats_that_may_not_be_read_are_told_and_never_just_missing(
    secured: Secured, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    kafka, full = secured.kafka("collector", prefix), f"{prefix}.status"
    with closing(StatusFollower(kafka, "test")) as strict, closing(StatusListener(kafka, "collector-1")) as listener:
        until(lambda: list(strict.read(0.1)) == [] and strict.caught_up, PATIENCE_S)
        take_away(secured, ResourceType.TOPIC, full, "collector")
        try:
            refused = (
                f"the cluster does not allow this user to read {full}; `charles acls` shows what each program needs"
            )
            with pytest.raises(AccessRefused, match=re.escape(refused)):
                until(lambda: [*strict.read(0.1)], PATIENCE_S)
            said = f"other programs are not heard (failure 1): {refused}"
            until(lambda: listener.listen() and said in caplog.messages, PATIENCE_S)
        finally:
            acls.apply(secured.superuser.model_copy(update={"prefix": prefix}), acls.role("collector"), "collector")
            until(lambda: holds(kafka, "collector"), PATIENCE_S)


def test_a_program_that_may_no_longer_read_its_commands_ends(secured: Secured, prefix: str) -> None:
    kafka, full = secured.kafka("collector", prefix), f"{prefix}.commands"
    with Link(load(kafka=kafka.model_dump()), "collector", "deaf", Stop()) as link:
        take_away(secured, ResourceType.TOPIC, full, "collector")
        try:
            with pytest.raises(AccessRefused, match=re.escape(f"does not allow this user to read {full}")):
                until(lambda: link.beat("running") and False, PATIENCE_S)
        finally:
            acls.apply(secured.superuser.model_copy(update={"prefix": prefix}), acls.role("collector"), "collector")
            until(lambda: holds(kafka, "collector"), PATIENCE_S)


def take_away(secured: Secured, kind: ResourceType, full: str, user: str) -> None:
    """Delete what a user was allowed on one resource."""
    client, any_pattern = admin(secured.superuser), ResourcePatternType.ANY
    each = AclBindingFilter(kind, full, any_pattern, f"User:{user}", None, AclOperation.ANY, AclPermissionType.ALLOW)
    (deleted,) = resolve(client.delete_acls([each])).values()
    assert deleted


def test_a_collector_that_may_no_longer_write_ends_with_one_clear_line(
    secured: Secured, prefix: str, tmp_path: Path
) -> None:
    kafka = secured.kafka("collector", prefix)
    settings = load(kafka=kafka.model_dump(), collector={"name": "revoked", "game": "carracing"})
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "charles", "collect"],
            env=os.environ | environment(settings),
            stdin=subprocess.DEVNULL,
            stderr=out,
        )
    try:
        until(lambda: "Hz" in log.read_text(), PATIENCE_S)
        take_away(secured, ResourceType.TOPIC, f"{prefix}.frames", "collector")
        assert process.wait(PATIENCE_S) == 1
    finally:
        process.kill()
        acls.apply(secured.superuser.model_copy(update={"prefix": prefix}), acls.role("collector"), "collector")
        until(lambda: holds(kafka, "collector"), PATIENCE_S)
    assert f"the cluster does not allow this user to write to {prefix}.frames" in log.read_text().splitlines()[-1]
