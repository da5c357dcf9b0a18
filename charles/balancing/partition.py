"""One input partition: its runs, and how far both of its topics are read. Pure: knows no Kafka."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from charles.balancing.clock import Clock
from charles.balancing.finished_runs import FinishedRuns
from charles.balancing.join import EXPIRED, BrokenHalf, Clash, Joined, Pointer, RunJoin, Side
from charles.balancing.run_state import Run, to_join, to_ledger
from charles.base import latency
from charles.config import Balance
from charles.events import Control, RunLedger

FRAMES = "frames"
CONTROLS = "controls"
SIDES = (FRAMES, CONTROLS)

CLASH = "frame and control are from different instants: do two collectors run under this name?"

Whole = tuple[Run, Joined]
"""A tick that became whole, and whose it is."""


@dataclass(slots=True)
class Reading:
    """How far one topic's partition is read. position: the next offset; known: what lies below it was read before a
    restart already, and is read again only because its partner had not come; end: where the log ended when asked."""

    position: int
    known: int
    end: int = -1

    @property
    def lag(self) -> int:
        return max(self.end - self.position, 0)

    @property
    def ever(self) -> int:
        """What lies below this offset was read, now or before a restart: what the next restart must know."""
        return max(self.position, self.known)


_REMEMBERED_RUNS = 100
"""Runs that are over and stay in memory; what is older is looked up in the log where somebody asks for it."""


class Partition:
    """The joins of all runs in one partition of frames and controls."""

    def __init__(
        self,
        balance: Balance,
        readings: Mapping[str, Reading],
        ledgers: Mapping[Run, RunLedger],
        recall: Callable[[Run], RunLedger | None] = lambda _run: None,
        clock: Clock | None = None,
    ) -> None:
        """recall: a run's ledger, as it was written last."""
        self._balance = balance
        self._monotonic = (clock or Clock()).monotonic
        self.readings = dict(readings)
        self.runs: dict[Run, RunJoin] = {}
        self.changed: set[Run] = set()
        self._counted: dict[Run, tuple[int, int]] = {}
        self._newest: dict[str, dict[str, Run]] = {FRAMES: {}, CONTROLS: {}}
        self._past = FinishedRuns()
        self._recall = recall
        newest: dict[str, RunJoin] = {}
        for ledger in sorted(ledgers.values(), key=lambda ledger: ledger.time):
            join = self._go_on(ledger)
            if (before := newest.get(ledger.collector)) is not None:
                before.frames.passed, before.controls.passed = before.frames.closed, before.controls.closed
            newest[ledger.collector] = join
        self._know_better(ledgers.values())
        self.forget_past()

    def _know_better(self, ledgers: Collection[RunLedger]) -> None:
        """A group's coordinator that was loaded twice at a time, as on a machine with far too much to do, has been seen
        to fall back to offsets of a minute ago. What is then read again is nobody's repeat, and no new dead letter.
        Where a group knows of no offset at all, the topics may be new ones."""
        for side, read in ((FRAMES, "frames_read"), (CONTROLS, "controls_read")):
            reading = self.readings[side]
            if reading.ever:
                reading.known = max([reading.known, *(getattr(ledger, read) for ledger in ledgers)])

    def forget_past(self) -> None:
        """Let go of runs that are over but for the newest ones; to be called while the ledgers of all that have not
        changed are in the log."""
        over = [run for run, join in self.runs.items() if join.over and run not in self.changed]
        for run in sorted(over, key=lambda run: self.runs[run].heard)[:-_REMEMBERED_RUNS]:
            self._past.add(self.ledger(run))
            del self.runs[run]
            self._counted.pop(run, None)

    def _go_on(self, ledger: RunLedger) -> RunJoin:
        """A run as it was written down."""
        run = ledger.collector, ledger.run
        self.runs[run] = to_join(ledger, self._balance.history, self._balance.frames)
        self._counted[run] = ledger.late, ledger.dropped
        self.runs[run].heard = self._monotonic()
        return self.runs[run]

    def add(self, side: str, run: Run, tick: int, half: Pointer | Control | BrokenHalf, offset: int) -> list[Whole]:
        """One half of a tick: a frame's, a control, or a broken one. Returns what became whole. Raises Clash where the
        other half waits, and was taken at another instant, and TooFarAhead as RunJoin.add() does; nothing is added
        then."""
        join = self.runs.get(run) or self._begin(run)
        join.heard = self._monotonic()
        here, there = _side(join, side), _side(join, CONTROLS if side == FRAMES else FRAMES)
        if not isinstance(half, BrokenHalf) and join.clashes(here, there, tick, half.time):
            raise Clash(CLASH)
        join.add(here, tick, half, offset, again=offset < self.readings[side].known)
        return self._settle(side, run, join)

    def count(self, run: Run, late: int, dropped: int) -> None:
        """What the collector says of itself, in each of its frames."""
        self._counted[run] = late, dropped

    def close_silent(self) -> list[Whole]:
        """End the runs that nothing was heard of for silence_seconds, where both topics are read to their ends."""
        whole: list[Whole] = []
        if any(reading.lag or reading.end < 0 for reading in self.readings.values()):
            return whole
        silent_since = self._monotonic() - self._balance.silence_seconds
        for run, join in self.runs.items():
            if join.heard < silent_since and not join.closed:
                join.frames.closed = join.controls.closed = True
                whole += self._settled(run, join)
        return whole

    def ahead(self, side: str) -> int:
        """How many halves of this side wait for their partners."""
        return sum(len(_side(join, side).waiting) for join in self.runs.values())

    def resume_at(self, side: str) -> int:
        """The offset to read from after a restart: the first half that still waits for its partner."""
        waits = [_side(join, side).lowest_offset() for join in self.runs.values()]
        return min([offset for offset in waits if offset is not None] + [self.readings[side].position])

    def leave_bins(self, run: Run, surplus_of: str | None) -> None:
        """A tick of this run waits in the bins no more. surplus_of: what made it surplus; None: it was emitted."""
        counts = self.runs[run].counts
        counts.in_bins -= 1
        if surplus_of is None:
            counts.emitted += 1
        else:
            counts.surplus += 1
            counts.expired += surplus_of == EXPIRED
            counts.surplus_by[surplus_of] = counts.surplus_by.get(surplus_of, 0) + 1
        self.changed.add(run)

    def took(self, run: Run, seconds: float) -> None:
        """So long after it was taken a tick of this run is written in a set."""
        latency.add(self.runs[run].counts.latencies, seconds)

    def total(self, term: str) -> int:
        """A term of the ledger, or seen, over all runs."""
        own = term in ("seen", "waiting")
        known: int = sum(getattr(join if own else join.counts, term) for join in self.runs.values())
        return known + self._past.totals[term]

    def ledger(self, run: Run) -> RunLedger:
        read = self.readings[FRAMES].ever, self.readings[CONTROLS].ever
        return to_ledger(run, self.runs[run], *self._counted.get(run, (0, 0)), read)

    def _begin(self, run: Run) -> RunJoin:
        """A new run, or one that was over and goes on after all."""
        ledger = self._recall(run) if run in self._past else None
        if ledger is None:
            self.runs[run] = RunJoin(self._balance.history, self._balance.frames)
        else:
            self._past.take(ledger)
            self._go_on(ledger)
        return self.runs[run]

    def _settle(self, side: str, run: Run, join: RunJoin) -> list[Whole]:
        """A collector drives one run at a time: where a topic goes over to a later run, it is past the one before. What
        comes of an earlier run after that ends nothing."""
        newest, whole, here = self._newest[side], [], _side(join, side)
        before = run if here.passed else newest.get(run[0], run)
        if not here.passed:
            newest[run[0]] = run
        if before != run and before in self.runs:
            there = _side(self.runs[before], side)
            there.closed = there.passed = True
            whole = self._settled(before, self.runs[before])
        if join.closed:  # it goes on after all: its other half may come too
            join.frames.closed = join.controls.closed = False
        here.closed = False
        return whole + self._settled(run, join)

    def _settled(self, run: Run, join: RunJoin) -> list[Whole]:
        self.changed.add(run)
        return [(run, joined) for joined in join.settle()]


def _side(join: RunJoin, side: str) -> Side[Any]:
    return join.frames if side == FRAMES else join.controls
