"""THE table of what each program may do."""

from __future__ import annotations

from pathlib import Path

import pytest

from charles.kafka import acls
from charles.kafka.acls import ROLES
from charles.kafka.errors import AccessRefused
from charles.programs import BY_HAND, NAMES
from charles.settings import Kafka
from charles.topics import TOPICS

KAFKA = Kafka(bootstrap_servers="127.0.0.1:1", prefix="p")
DOCS = Path(__file__).parents[2] / "docs"


def test_every_program_has_a_role() -> None:
    assert {*NAMES, *BY_HAND} <= {role.name for role in ROLES}


def test_every_topic_has_one_who_writes_and_one_who_reads_it() -> None:
    for topic in TOPICS:
        allowed = [acl for role in ROLES for acl in acls.acls(KAFKA, role) if acl.name == f"p.{topic.name}"]
        assert {"READ", "WRITE"} <= {operation.name for acl in allowed for operation in acl.operations} | (
            {"WRITE"} if topic.name in ("config", "commands") else set()
        ), topic.name


def test_nobody_but_the_operator_may_do_more_than_see_under_the_whole_prefix() -> None:
    for role in ROLES:
        for acl in acls.acls(KAFKA, role):
            if acl.name == "p." and not role.everything:
                assert {operation.name for operation in acl.operations} <= {"DESCRIBE", "DESCRIBE_CONFIGS"}


def test_nothing_outside_the_prefix_is_allowed() -> None:
    assert all(acl.name.startswith("p.") for role in ROLES for acl in acls.acls(KAFKA, role))


def test_the_commands_say_what_the_table_says() -> None:
    lines = list(acls.commands(KAFKA, acls.role("collector"), "garage"))
    assert all("--allow-principal 'User:garage'" in line for line in lines)
    assert any(line.endswith("--operation Write --topic p.frames") for line in lines)
    assert any(line.endswith("--operation Describe --topic p. --resource-pattern-type prefixed") for line in lines)


def test_a_role_that_there_is_not_is_told_which_there_are() -> None:
    with pytest.raises(AccessRefused, match="nobody: no such role; choose from: collector, balancer, trainer, player"):
        acls.role("nobody")


def test_the_document_holds_the_table() -> None:
    assert acls.table() in (DOCS / "SCALING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("program", [*NAMES, *BY_HAND])
def test_a_cluster_without_acls_lets_every_program_work(kafka: Kafka, program: str) -> None:
    acls.require(kafka, program)
