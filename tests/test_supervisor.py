"""Programs that die are started again, after a pause that grows, and what they said last is told."""

from __future__ import annotations

import time
from pathlib import Path

from charles.programs import Program
from charles.settings import load
from charles.supervisor import Child, Supervisor

NOWHERE = {"bootstrap_servers": "127.0.0.1:1"}
FAILS = Program("ledger", "ledger", "", "", "a command that fails where no broker is")


def until_it_dies(supervisor: Supervisor) -> str:
    while not (news := supervisor.keep_running()):
        time.sleep(0.05)
    return news[0]


def test_what_dies_is_started_again_and_says_why(tmp_path: Path) -> None:
    child = Child(FAILS, "one", load(kafka=NOWHERE), tmp_path / "logs")
    with Supervisor([child]) as supervisor:
        first = until_it_dies(supervisor)
        second = until_it_dies(supervisor)
    assert first.startswith("one ended with 1 (no Kafka broker answers at 127.0.0.1:1")
    assert first.endswith("again in 2 s")
    assert second.endswith("again in 4 s")
    assert child.restarts == 1


def test_nothing_survives_the_block(tmp_path: Path) -> None:
    child = Child(FAILS, "one", load(kafka=NOWHERE), tmp_path / "logs")
    with Supervisor([child]):
        assert child.running
    assert not child.running
