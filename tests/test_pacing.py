"""The 30 Hz keeper and what is due now and then, with a clock of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from charles.pacing import Every, RateKeeper


class Clock:
    """Time that passes only while the keeper waits or a tick works."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def never_stop(self, wait_s: float) -> bool:
        self.now += wait_s
        return False


def begin(keeper: RateKeeper, clock: Clock, work_s: dict[int, float], ticks: int) -> Iterator[float]:
    """When each tick begins; work_s: how long some of them work."""
    for tick in keeper.ticks(clock.never_stop):
        if tick == ticks:
            return
        yield clock.now
        clock.now += work_s.get(tick, 0.001)


def test_ticks_begin_a_thirtieth_of_a_second_apart_whatever_they_work() -> None:
    clock = Clock()
    keeper = RateKeeper(30, clock)
    begins = list(begin(keeper, clock, {3: 0.03, 7: 0.02}, 90))
    assert begins == pytest.approx([100 + tick / 30 for tick in range(90)])
    assert keeper.late == 0


def test_a_tick_that_takes_a_little_too_long_is_caught_up_with_and_not_late() -> None:
    clock = Clock()
    keeper = RateKeeper(30, clock)
    begins = list(begin(keeper, clock, {3: 0.05}, 10))
    assert begins[4] == pytest.approx(100 + 3 / 30 + 0.05)
    assert begins[5:] == pytest.approx([100 + tick / 30 for tick in range(5, 10)])
    assert keeper.late == 0


def test_a_late_tick_is_counted_once_and_not_followed_by_a_rush() -> None:
    clock = Clock()
    keeper = RateKeeper(30, clock)
    begins = list(begin(keeper, clock, {3: 1.0}, 10))
    assert keeper.late == 1
    assert begins[4] == pytest.approx(101.1)
    assert begins[5:] == pytest.approx([101.1 + n / 30 for n in range(1, 6)])


def test_a_loop_that_never_keeps_up_is_late_at_every_tick() -> None:
    clock = Clock()
    keeper = RateKeeper(30, clock)
    list(begin(keeper, clock, dict.fromkeys(range(20), 0.07), 20))
    assert keeper.late == 20


def test_without_a_rate_nothing_waits_and_nothing_is_late() -> None:
    clock = Clock()
    keeper = RateKeeper(None, clock)
    begins = list(begin(keeper, clock, {5: 9.0}, 8))
    assert begins == pytest.approx(
        [100 + 0.001 * min(tick, 5) + (8.999 + 0.001 * (tick - 5)) * (tick > 5) for tick in range(8)]
    )
    assert keeper.late == 0


def test_it_ends_when_told_to() -> None:
    assert list(RateKeeper(30).ticks(lambda _: True)) == []


def test_it_says_how_much_later_than_its_time_a_tick_began() -> None:
    clock = Clock()
    keeper = RateKeeper(30, clock)
    behind = [keeper.behind_s for _ in begin(keeper, clock, {3: 0.05, 5: 1.0}, 8)]
    assert behind == pytest.approx([0, 0, 0, 0, 0.05 - 1 / 30, 0, 1.0 - 1 / 30, 0])


def due_at(every: Every, clock: Clock, times: list[float]) -> list[float]:
    """The times, after the clock's beginning, at which it was due."""
    found = []
    for after in times:
        clock.now = 100.0 + after
        if every.due():
            found.append(after)
    return found


def test_it_is_due_at_once_and_then_so_often_on_average() -> None:
    clock = Clock()
    every = Every(0.1, clock=clock)
    times = [tick / 30 + 0.003 * (tick % 2) for tick in range(300)]
    assert len(due_at(every, clock, times)) == 100


def test_seldom_questions_are_all_answered_with_yes_and_a_gap_is_followed_by_no_rush() -> None:
    clock = Clock()
    assert due_at(Every(1.0, clock=clock), clock, [0, 1.5, 3, 4.5]) == [0, 1.5, 3, 4.5]
    assert due_at(Every(1.0, clock=clock), clock, [9, 9.1, 9.9, 10.1, 30, 30.1, 30.9, 31]) == [9, 10.1, 30, 31]


def test_what_is_not_due_at_once_or_was_put_off_is_due_later() -> None:
    clock = Clock()
    every = Every(1.0, at_once=False, clock=clock)
    assert due_at(every, clock, [0, 0.9, 1, 1.5]) == [1]
    every.put_off(10)
    assert due_at(every, clock, [2.5, 11, 11.5]) == [11.5]
