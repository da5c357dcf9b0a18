"""Who lives, who fell silent and who died."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from charles.control.members import Members
from charles.events import now
from tests.top.pipeline import status

BEGAN = now()


class Telling(Members):
    """A roll to which the test says what was heard at which second."""

    def hear(self, second: float, **values: Any) -> None:
        self.take(status(**values), BEGAN + timedelta(seconds=second))

    def condition(self, second: float, name: str = "collector-1") -> str:
        return self.members[name].condition(BEGAN + timedelta(seconds=second))

    def rivals(self, second: float) -> list[int]:
        return [pid for _host, pid in self.members["collector-1"].rivals(BEGAN + timedelta(seconds=second))]

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(incident.instance, incident.state) for incident in self.incidents]


@pytest.fixture
def roll() -> Telling:
    return Telling()


def test_a_program_is_silent_two_seconds_after_its_last_heartbeat(roll: Telling) -> None:
    roll.hear(0)
    assert roll.condition(1.9) == "well"
    assert roll.condition(2.1) == "silent"


@pytest.mark.parametrize("state", ["starting", "starting over"])
def test_one_that_starts_may_take_longer_but_not_for_ever(roll: Telling, state: str) -> None:
    roll.hear(0, state=state)
    assert roll.condition(20) == "well"
    assert roll.condition(31) == "silent"


@pytest.mark.parametrize("state", ["stopped", "failed", "died"])
def test_what_has_ended_is_not_silent(roll: Telling, state: str) -> None:
    roll.hear(0, state=state)
    assert roll.condition(100) == state


def test_a_death_is_remembered_with_its_reason(roll: Telling) -> None:
    roll.hear(0)
    roll.hear(1, state="died", note="exit code -9")
    roll.hear(3, pid=200)
    assert roll.told == [("collector-1", "died")]
    assert roll.incidents[0].words == "exit code -9"
    assert roll.condition(3) == "well"


def test_a_failure_and_what_its_supervisor_says_of_it_are_one_death(roll: Telling) -> None:
    roll.hear(0, state="failed", note="no game")
    roll.hear(1, state="died", note="exit code 1: no game")
    assert [incident.words for incident in roll.incidents] == ["exit code 1: no game"]


def test_every_death_of_a_program_that_dies_again_and_again_is_told(roll: Telling) -> None:
    for second in range(0, 12, 4):
        roll.hear(second, pid=second)
        roll.hear(second + 1, pid=second, state="died")
    assert roll.told == [("collector-1", "died")] * 3


def test_so_are_those_of_one_that_dies_before_its_first_heartbeat(roll: Telling) -> None:
    for second in range(3):
        roll.hear(second, pid=second, state="died")
    assert roll.told == [("collector-1", "died")] * 3


def test_a_program_that_comes_back_as_another_process_without_a_word_was_restarted(roll: Telling) -> None:
    roll.hear(0)
    roll.hear(5, pid=200, state="starting")
    assert roll.told == [("collector-1", "restarted")]
    assert roll.rivals(5) == []


def test_one_that_was_told_to_stop_and_is_started_again_is_no_news(roll: Telling) -> None:
    roll.hear(0)
    roll.hear(1, state="stopped")
    roll.hear(2, pid=200, state="starting")
    assert roll.told == []


def test_two_processes_of_one_name_are_seen_to_alternate(roll: Telling) -> None:
    for second, pid in enumerate((101, 200, 101, 200)):
        roll.hear(second, pid=pid)
    assert roll.rivals(4) == [101, 200]
    assert roll.told == [("collector-1", "restarted")]


def test_they_are_forgotten_when_one_of_them_has_left(roll: Telling) -> None:
    for second, pid in enumerate((101, 200, 101, 200, 200, 200, 200)):
        roll.hear(second, pid=pid)
    assert roll.rivals(6) == []
