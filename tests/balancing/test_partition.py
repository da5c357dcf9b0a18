"""Runs that follow each other in one partition, and what is written down of them."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from charles.balancing.join import EXPIRED, NOT_KNOWN, TOO_OLD, BrokenHalf, Clash, Pointer
from charles.balancing.partition import CONTROLS, FRAMES, SIDES, Partition, Reading
from charles.config import Balance
from charles.events import Control, now

HISTORY = 3
THEN = now()
FIRST, SECOND = ("collector", "first"), ("collector", "second")


def partition() -> Partition:
    readings = {side: Reading(position=0, known=0, end=0) for side in SIDES}
    return Partition(Balance(history=HISTORY, silence_seconds=1e-6), readings, {})


def feed(into: Partition, side: str, run: tuple[str, str], ticks: range) -> None:
    for tick in ticks:
        half = Pointer(tick, THEN) if side == FRAMES else Control(*run, tick, THEN, 0.0, 0.0, 0.0, 1.0, *[0] * 6)
        into.add(side, run, tick, half, tick)


@pytest.mark.parametrize("seed", range(20))
def test_one_topic_may_be_a_whole_run_ahead_of_the_other(seed: int) -> None:
    into = partition()
    steps = {side: [(run, tick) for run in (FIRST, SECOND) for tick in range(10)] for side in SIDES}
    rng = random.Random(seed)
    while any(steps.values()):
        side = rng.choice([side for side in SIDES if steps[side]])
        for _ in range(rng.randrange(1, 25)):
            if steps[side]:
                run, tick = steps[side].pop(0)
                feed(into, side, run, range(tick, tick + 1))
    for run in (FIRST, SECOND):
        assert into.runs[run].counts.in_bins == 10 - HISTORY
        assert into.runs[run].counts.warm_up == HISTORY


def test_a_newer_run_settles_what_waits_in_the_one_before() -> None:
    into = partition()
    feed(into, FRAMES, FIRST, range(10))
    feed(into, CONTROLS, FIRST, range(8))
    feed(into, CONTROLS, SECOND, range(1))
    assert into.runs[FIRST].counts.unmatched == 2
    assert into.resume_at(CONTROLS) == 0
    assert into.ledger(FIRST).adds_up


def test_a_repeat_of_an_earlier_run_settles_nothing_of_the_present_one() -> None:
    into = partition()
    for side in SIDES:
        feed(into, side, FIRST, range(10))
    feed(into, CONTROLS, SECOND, range(30))
    feed(into, FRAMES, SECOND, range(10))
    for side in SIDES:
        feed(into, side, FIRST, range(5, 6))
    feed(into, FRAMES, SECOND, range(10, 30))
    counts = into.runs[SECOND].counts
    assert (counts.in_bins, counts.unmatched) == (30 - HISTORY, 0)
    assert into.runs[FIRST].counts.repeats == 2


def test_a_run_that_was_silent_over_a_restart_is_ended_by_the_next_one() -> None:
    before = partition()
    for side in SIDES:
        feed(before, side, FIRST, range(10))
    before.close_silent()
    assert before.runs[FIRST].closed
    readings = {side: Reading(position=10, known=10, end=10) for side in SIDES}
    into = Partition(Balance(history=HISTORY, silence_seconds=60), readings, {FIRST: before.ledger(FIRST)})
    for run, ticks in ((FIRST, range(10, 20)), (SECOND, range(1))):
        for side in SIDES:
            feed(into, side, run, ticks)
    feed(into, FRAMES, SECOND, range(1, 2))
    assert into.runs[FIRST].closed


def test_a_late_half_holds_the_offset_that_is_read_from() -> None:
    into = partition()
    for tick in (0, 1, 5, 6):
        feed(into, FRAMES, FIRST, range(tick, tick + 1))
    into.add(FRAMES, FIRST, 3, Pointer(2, THEN), 2)
    into.readings[FRAMES].position = 7
    assert into.resume_at(FRAMES) == 0
    feed(into, CONTROLS, FIRST, range(4))
    assert into.resume_at(FRAMES) == 5


def test_two_runs_of_one_name_at_once_lose_nothing_but_where_the_second_begins() -> None:
    into = partition()
    for tick in range(0, 60, 2):
        for run in (FIRST, SECOND):
            for side in SIDES:
                feed(into, side, run, range(tick, tick + 2))
    for run in (FIRST, SECOND):
        assert into.runs[run].counts.in_bins == 60 - HISTORY
        assert into.ledger(run).adds_up


def test_silence_settles_what_waits_only_where_the_log_is_read_to_its_end() -> None:
    into = partition()
    feed(into, FRAMES, FIRST, range(5))
    into.readings[CONTROLS].end = 100
    into.close_silent()
    assert into.runs[FIRST].counts.unmatched == 0
    into.readings[CONTROLS].end = 0
    into.close_silent()
    assert into.runs[FIRST].counts.unmatched == 5


def test_a_restart_before_all_is_read_again_knows_what_was_read_before_the_one_before() -> None:
    first = Reading(position=10, known=0)
    second = Reading(position=2, known=first.ever)  # the first half without a partner
    second.position = 5
    third = Reading(position=2, known=second.ever)
    assert third.known == 10
    third.position = 12
    assert third.ever == 12


def test_a_run_goes_on_from_its_ledger_with_its_history() -> None:
    before = partition()
    feed(before, FRAMES, FIRST, range(6))
    feed(before, CONTROLS, FIRST, range(8))
    ledger = before.ledger(FIRST)
    assert ledger.waiting == 2 + before.runs[FIRST].counts.in_bins
    after = Partition(Balance(history=HISTORY), before.readings, {FIRST: ledger})
    feed(after, CONTROLS, FIRST, range(8))
    feed(after, FRAMES, FIRST, range(8))
    assert after.runs[FIRST].counts.in_bins == 8 - HISTORY
    assert after.ledger(FIRST).adds_up


def test_a_run_of_which_one_half_came_before_a_restart_is_not_over() -> None:
    before = partition()
    feed(before, FRAMES, FIRST, range(6))
    after = Partition(Balance(history=HISTORY), before.readings, {FIRST: before.ledger(FIRST)})
    feed(after, FRAMES, FIRST, range(6))
    feed(after, CONTROLS, FIRST, range(6))
    assert after.runs[FIRST].counts.unmatched == 0
    assert after.runs[FIRST].counts.in_bins == 6 - HISTORY
    assert after.ledger(FIRST).adds_up


@pytest.mark.parametrize("restarted", [False, True])
def test_a_run_that_was_over_and_goes_on_is_joined_again(restarted: bool) -> None:
    into = partition()
    for side in SIDES:
        feed(into, side, FIRST, range(10))
    into.close_silent()
    if restarted:
        into = Partition(Balance(history=HISTORY), into.readings, {FIRST: into.ledger(FIRST)})
    feed(into, FRAMES, FIRST, range(20, 30))
    feed(into, CONTROLS, FIRST, range(20, 30))
    counts = into.runs[FIRST].counts
    assert (counts.unmatched, counts.missing, counts.repeats) == (0, 10, 0)
    assert counts.in_bins == 2 * (10 - HISTORY)
    assert into.ledger(FIRST).adds_up


def test_surplus_is_counted_by_what_made_it_and_adds_up() -> None:
    into = partition()
    for side in SIDES:
        feed(into, side, FIRST, range(13))
    for of in ("steering 0", "steering 0", TOO_OLD, EXPIRED, None):
        into.leave_bins(FIRST, of)
    ledger = into.ledger(FIRST)
    assert ledger.surplus_by == {"steering 0": 2, TOO_OLD: 1, EXPIRED: 1}
    assert (ledger.surplus, ledger.expired, ledger.emitted, ledger.in_bins) == (4, 1, 1, 5)
    assert ledger.adds_up
    after = Partition(Balance(history=HISTORY), into.readings, {FIRST: ledger})
    assert after.ledger(FIRST).surplus_by == ledger.surplus_by
    after.leave_bins(FIRST, TOO_OLD)
    assert ledger.surplus_by[TOO_OLD] == 1, "a ledger that was read is nobody's to change"


def test_a_ledger_whose_surplus_is_not_that_of_its_bins_does_not_add_up() -> None:
    into = partition()
    for side in SIDES:
        feed(into, side, FIRST, range(13))
    into.leave_bins(FIRST, "steering 0")
    into.runs[FIRST].counts.surplus_by["steering 0"] += 1
    assert not into.ledger(FIRST).adds_up


def test_surplus_from_before_it_was_counted_by_bin_stays_known_as_that() -> None:
    into = partition()
    for side in SIDES:
        feed(into, side, FIRST, range(13))
    into.leave_bins(FIRST, "steering 0")
    old = replace(into.ledger(FIRST), surplus_by={})
    assert old.adds_up
    after = Partition(Balance(history=HISTORY), into.readings, {FIRST: old})
    assert after.ledger(FIRST).surplus_by == {NOT_KNOWN: 1}


def test_a_collector_s_run_is_another_one_s_too_and_neither_knows_of_the_other() -> None:
    into, other = partition(), ("another", "first")
    for side in SIDES:
        feed(into, side, FIRST, range(10))
        feed(into, side, other, range(8))
    assert {run: join.counts.in_bins for run, join in into.runs.items()} == {FIRST: 10 - HISTORY, other: 8 - HISTORY}


def test_a_half_of_another_instant_clashes_and_is_not_added() -> None:
    into = partition()
    feed(into, FRAMES, FIRST, range(5))
    feed(into, CONTROLS, FIRST, range(4))
    later = THEN + timedelta(milliseconds=1)
    with pytest.raises(Clash):
        into.add(CONTROLS, FIRST, 4, Control(*FIRST, 4, later, 0.0, 0.0, 0.0, 1.0, *[0] * 6), 4)
    assert into.runs[FIRST].controls.head == 3
    into.add(CONTROLS, FIRST, 4, BrokenHalf(clash=True), 4)
    assert into.runs[FIRST].counts.dead_lettered == 1
    assert into.ledger(FIRST).adds_up
