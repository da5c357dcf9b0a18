"""What a supervisor tells everybody, and what it obeys: on a real broker."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from charles.events import Status
from charles.settings import Kafka
from charles.supervisor.program_process import ProgramEnd, ProgramFate
from charles.supervisor.status_publisher import StatusPublisher
from tests.programs import StopWhen, give, heard
from tests.supervisor.children import NOWHERE

DEATH = ProgramEnd(
    "balancer", "garage-balancer-1", 4711, ProgramFate.KEPT, "killed by SIGKILL: no memory; restarting in 2 s"
)


@pytest.fixture
def stop() -> StopWhen:
    return StopWhen()


@pytest.fixture
def announcer(kafka: Kafka, stop: StopWhen) -> Iterator[StatusPublisher]:
    announcer = StatusPublisher(kafka, "garage", stop)  # type: ignore[arg-type]
    announcer.figures, announcer.note = {"running": 4, "restarts": 1}, "4 of 5 programs run"
    announcer.start()
    yield announcer
    announcer.close()


def running(status: Status) -> bool:
    return status.instance == "garage" and status.state == "running"


def test_it_beats_with_what_it_runs_and_says_goodbye(kafka: Kafka, announcer: StatusPublisher) -> None:
    beat = heard(kafka, running)
    assert (beat.program, beat.note, beat.figures) == ("supervisor", announcer.note, announcer.figures)
    announcer.close()
    heard(kafka, lambda status: status.instance == "garage" and status.state == "stopped")


def test_a_death_is_told_in_the_name_of_who_died(kafka: Kafka, announcer: StatusPublisher) -> None:
    heard(kafka, running)
    announcer.tell(DEATH)
    died = heard(kafka, lambda status: status.state == "died")
    assert (died.program, died.instance, died.pid, died.note) == (DEATH.program, DEATH.name, DEATH.pid, DEATH.words)


@pytest.mark.parametrize("target", ["garage", "supervisor", "all"])
def test_it_stops_when_it_is_told_to(kafka: Kafka, announcer: StatusPublisher, stop: StopWhen, target: str) -> None:
    heard(kafka, running)
    assert not stop()
    told = give(kafka, target, "stop")
    answer = heard(kafka, lambda status: status.instance == "garage" and status.command == told)
    assert answer.outcome == "done: stopping its programs"
    assert stop()


@pytest.mark.parametrize(
    ("target", "outcome"),
    [("garage", "refused: a supervisor accepts only stop"), ("all", "done: nothing to do")],
)
def test_it_can_do_nothing_else(
    kafka: Kafka, announcer: StatusPublisher, stop: StopWhen, target: str, outcome: str
) -> None:
    heard(kafka, running)
    told = give(kafka, target, "pause")
    assert heard(kafka, lambda status: status.instance == "garage" and status.command == told).outcome == outcome
    assert not stop()


def test_nobody_waits_for_a_broker_that_is_away() -> None:
    announcer = StatusPublisher(NOWHERE, "garage", StopWhen())  # type: ignore[arg-type]
    asked = time.monotonic()
    announcer.start()
    announcer.tell(DEATH)
    announcer.close()
    assert time.monotonic() - asked < 10
