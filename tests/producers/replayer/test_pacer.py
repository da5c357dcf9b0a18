"""When records are due, by a clock that the test sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.replayer.pacer import Pacer

START_MS = 1_700_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.5, 10.0])
def test_records_are_due_at_the_recorded_pace_or_a_multiple(clock: Clock, speed: float) -> None:
    pacer = Pacer(speed, clock)
    assert pacer.left_s(START_MS) == 0
    assert pacer.left_s(START_MS + 1000) == pytest.approx(1 / speed)
    clock.now += 0.5 / speed
    assert pacer.left_s(START_MS + 1000) == pytest.approx(0.5 / speed)
    clock.now += 0.5 / speed
    assert pacer.left_s(START_MS + 1000) == pytest.approx(0, abs=1e-6)
    assert pacer.late == 0


def test_without_a_pace_everything_is_due_and_nothing_is_late(clock: Clock) -> None:
    pacer = Pacer(None, clock)
    assert [pacer.left_s(START_MS + 1000 * number) for number in range(3)] == [0, 0, 0]
    clock.now += 60
    assert pacer.left_s(START_MS) == 0
    assert pacer.late == 0
    assert pacer.remaining_s(START_MS, START_MS + 1000) is None


def test_a_record_that_is_late_is_counted_and_no_rush_follows(clock: Clock) -> None:
    pacer = Pacer(1.0, clock)
    pacer.left_s(START_MS)
    clock.now += 5
    assert pacer.left_s(START_MS + 1000) == 0
    assert pacer.late == 1
    assert pacer.left_s(START_MS + 1000) == 0  # another one of the same time
    assert pacer.left_s(START_MS + 2000) == pytest.approx(1)
    assert pacer.late == 1


def test_less_than_a_tick_is_not_late(clock: Clock) -> None:
    pacer = Pacer(1.0, clock)
    pacer.left_s(START_MS)
    clock.now += 1.03
    assert pacer.left_s(START_MS + 1000) == 0
    assert pacer.late == 0
    assert pacer.left_s(START_MS + 2000) == pytest.approx(0.97)  # the schedule is kept


def test_after_a_pause_the_schedule_begins_anew(clock: Clock) -> None:
    pacer = Pacer(1.0, clock)
    pacer.left_s(START_MS)
    clock.now += 600
    pacer.restart()
    assert pacer.left_s(START_MS + 1000) == 0
    assert pacer.left_s(START_MS + 1500) == pytest.approx(0.5)
    assert pacer.late == 0


@given(st.floats(0.1, 100), st.integers(0, 10_000_000))
def test_what_remains_takes_its_time_at_this_pace(speed: float, ms: int) -> None:
    assert Pacer(speed).remaining_s(START_MS, START_MS + ms) == pytest.approx(ms / 1000 / speed)
    assert Pacer(speed).remaining_s(START_MS + ms, START_MS) == 0
