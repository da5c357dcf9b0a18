"""Runs that are over: out of memory, and still known as what they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from charles.balancing.finished_runs import FinishedRuns
from charles.balancing.partition import _REMEMBERED_RUNS, CONTROLS, FRAMES, Partition
from charles.balancing.run_state import Run
from charles.config import Balance
from charles.events import TERMS, RunLedger
from tests.balancing.test_partition import feed, partition

runs = st.tuples(st.sampled_from(["one", "two"]), st.text("abc", max_size=4))


def ledger(run: Run) -> RunLedger:
    into = partition()
    feed(into, FRAMES, run, range(5))
    return into.ledger(run)


@given(st.lists(runs, unique=True), st.lists(runs, unique=True))
def test_what_was_added_and_not_taken_back_is_past(added: list[Run], taken: list[Run]) -> None:
    past = FinishedRuns()
    for run in added:
        past.add(ledger(run))
    for run in taken:
        if run in past:
            past.take(ledger(run))
    left = set(added) - set(taken)
    assert {run for run in {*added, *taken} if run in past} == left
    assert len(past) == len(left)
    assert past.totals["seen"] == 5 * len(left)


class Log:
    """What a partition has written down, as the topic of the state has it."""

    def __init__(self) -> None:
        self.ledgers: dict[Run, RunLedger] = {}
        self.asked = 0

    def recall(self, run: Run) -> RunLedger | None:
        self.asked += 1
        return self.ledgers.get(run)

    def commit(self, into: Partition) -> None:
        self.ledgers |= {run: into.ledger(run) for run in into.changed}
        into.changed.clear()
        into.forget_past()


def driven(log: Log, number: int, ticks: int = 3) -> Partition:
    """So many short runs, one after the other, none of them long enough for a history."""
    before = partition()
    into = Partition(Balance(history=10), before.readings, {}, log.recall)
    for run in range(number):
        for side in (FRAMES, CONTROLS):
            feed(into, side, ("collector", f"{run:05}"), range(ticks))
        if run % 7 == 0:
            log.commit(into)
    log.commit(into)
    return into


def test_a_thousand_runs_that_are_over_leave_a_hundred_in_memory_and_the_same_totals() -> None:
    log = Log()
    into = driven(log, 1000)
    assert len(into.runs) <= _REMEMBERED_RUNS + 2
    assert len(log.ledgers) == 1000
    for term in ("seen", *TERMS):
        assert into.total(term) == sum(getattr(ledger, term) for ledger in log.ledgers.values())
    assert log.asked == 0
    again = Partition(Balance(history=10), into.readings, log.ledgers, log.recall)
    assert len(again.runs) <= _REMEMBERED_RUNS + 2
    assert all(again.total(term) == into.total(term) for term in ("seen", *TERMS))


def test_a_late_record_of_a_run_long_over_is_a_repeat_and_no_new_tick() -> None:
    log = Log()
    into = driven(log, 1000)
    first = ("collector", "00000")
    feed(into, FRAMES, first, range(3))
    assert log.asked == 1
    log.commit(into)
    assert (log.ledgers[first].seen, log.ledgers[first].repeats, log.ledgers[first].warm_up) == (3, 3, 3)
    assert into.total("seen") == 3000


def test_a_run_long_over_that_goes_on_is_counted_on() -> None:
    log = Log()
    into = driven(log, 1000)
    first = ("collector", "00000")
    for side in (FRAMES, CONTROLS):
        feed(into, side, first, range(3, 8))
    log.commit(into)
    assert (log.ledgers[first].seen, log.ledgers[first].warm_up) == (8, 8)
    assert into.total("seen") == 3005
    assert all(ledger.adds_up for ledger in log.ledgers.values())


def test_a_new_run_is_not_looked_up() -> None:
    log = Log()
    feed(driven(log, 1000), FRAMES, ("collector", "another"), range(3))
    assert log.asked == 0
