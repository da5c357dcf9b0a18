"""The whole pipeline on a cluster that lets nobody do what no ACL allows: a user for each program, secrets in files."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from charles import topics
from charles.control import config_topic
from charles.programs import NAMES
from charles.settings import Kafka, environment, load
from tests.kafka_tools import read_all
from tests.patience import PATIENCE_S
from tests.security.secured import Secured
from tests.survival.checks import assert_exactly_once, newest_checkpoint
from tests.survival.pipeline import learning, running

ONLOOKERS = (
    "status --json",
    "topics --json",
    "ledger --json",
    "config show --json",
    "config history",
    "deadletters count",
    "acls",
    "acls trainer",
)


@pytest.mark.slow
def test_the_pipeline_learns_with_the_least_rights_and_nobody_s_password_is_anywhere(
    secured: Secured, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARLES_LOGS__LEVEL", "debug")
    operator, onlooker = secured.kafka("operator", prefix), secured.kafka("onlooker", prefix)
    users = {program: secured.kafka_by_file(program, prefix, tmp_path) for program in NAMES}
    with running(operator, tmp_path, users=users) as pipeline:
        pipeline.until(learning)
        told = [charles(onlooker, command) for command in ONLOOKERS]
        told.append(charles(operator, "command player unstuck"))
        told.append(charles(operator, "config set collect.weather=fog"))
        epoch = config_topic.read(operator).newest.number
        visible = list(map(seen_from_outside, pipeline.processes.values()))
        pipeline.until(lambda alive: learning(alive) and all(status.epoch == epoch for status in alive.values()))
    logs = [path.read_bytes() for path in tmp_path.glob("*.log")]
    assert len(logs) == len(pipeline.processes)
    assert all(logs)
    secrets = [form for password in secured.passwords.values() for form in forms(password)]
    assert [form for form in secrets for text in (*logs, *told, *visible, *records(operator)) if form in text] == []
    assert assert_exactly_once(operator).terms["emitted"] > 0
    newest_checkpoint(onlooker)


def charles(kafka: Kafka, command: str) -> bytes:
    """Everything that a command says; it must do its work."""
    done = subprocess.run(
        [sys.executable, "-m", "charles", *command.split()],
        env=os.environ | environment(load(kafka=kafka.model_dump())),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout + done.stderr


def seen_from_outside(process: psutil.Process) -> bytes:
    """A process's command line and its environment."""
    return repr((process.cmdline(), process.environ())).encode()


def records(kafka: Kafka) -> Iterable[bytes]:
    """Every record of every topic, whole."""
    for topic in topics.TOPICS:
        for message in read_all(kafka, topic):
            yield b"\n".join([message.key() or b"", message.value() or b"", repr(message.headers()).encode()])  # type: ignore[list-item]


def forms(password: str) -> set[bytes]:
    """A password as it may be written down."""
    plain = password.encode()
    return {plain, base64.b64encode(plain), quote(password, safe="").encode(), json.dumps(password)[1:-1].encode()}
