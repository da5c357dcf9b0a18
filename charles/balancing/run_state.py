"""What the balancer knows of a run and of a waiting tick, as it is written down and as it goes on. Pure."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from charles.balancing.join import NOT_KNOWN, SIGNALS, History, Joined, Pointer, RunCounts, RunJoin, Window
from charles.events import RunLedger, Sample, now

Run = tuple[str, str]
"""Collector and run."""
TickId = tuple[int, str, str, int]
"""Input partition, collector, run, tick."""

HISTORIES = [f"history_{signal}" for signal in SIGNALS]
COUNTS = tuple(RunCounts.__dataclass_fields__)


class Emitted(NamedTuple):
    """What a sample has of the set that it was emitted in: Sample's fields of these names."""

    set_id: str
    set_output: str
    set_bin: int
    frames: list[bytes]
    epoch: int
    balancing: str


NOT_EMITTED = Emitted("", "", -1, [], -1, "v3")


class Tick(NamedTuple):
    """A tick in the bins. since: when it came there."""

    joined: Joined
    since: datetime

    def sample(self, emitted: Emitted = NOT_EMITTED) -> Sample:
        """Its sample, as it is emitted; otherwise it belongs to no set, and has no frames."""
        control, past = self.joined.control, self.joined.history
        return Sample(
            control.collector,
            control.run,
            control.tick,
            control.time,
            emitted.set_id,
            emitted.set_output,
            emitted.set_bin,
            emitted.frames,
            control.speed,
            control.purpose_distance,
            control.purpose_bearing,
            past[0],
            past[1],
            past[2],
            past[3],
            past[4],
            past[5],
            control.acceleration,
            control.braking,
            control.steering,
            emitted.epoch,
            emitted.balancing,
        )


@dataclass(slots=True)
class Restored:
    """What one partition's state says. strays: records that are none of it, and were passed by."""

    ticks: dict[TickId, Tick] = field(default_factory=dict)
    ledgers: dict[Run, RunLedger] = field(default_factory=dict)
    strays: int = 0


def to_ledger(run: Run, join: RunJoin, late: int, dropped: int, read: tuple[int, int]) -> RunLedger:
    """A run as it is written down. A run that is over needs its history no more. read: how far its partition is, the
    frames and the controls."""
    past = [()] * len(SIGNALS) if join.closed else join.history.past
    return RunLedger(
        collector=run[0],
        run=run[1],
        time=now(),
        seen=join.seen,
        settled=join.settled,
        late=late,
        dropped=dropped,
        frames_read=read[0],
        controls_read=read[1],
        history_last=join.history.last,
        stack_last=join.stack.last,
        stack_offsets=[] if join.closed else [pointer.offset for pointer in join.stack.values],
        **{count: copy(getattr(join.counts, count)) for count in COUNTS},
        **dict(zip(HISTORIES, past, strict=True)),  # type: ignore[arg-type]
    )


def to_join(ledger: RunLedger, history: int, frames: int) -> RunJoin:
    """A run as it goes on from what was written down."""
    join = RunJoin(history, frames)
    join.history = History(history, ledger.history_last, [getattr(ledger, each) for each in HISTORIES])
    join.stack = Window(frames, ledger.stack_last, (Pointer(offset) for offset in ledger.stack_offsets))
    join.counts = RunCounts(**{count: copy(getattr(ledger, count)) for count in COUNTS})
    if ledger.surplus and not ledger.surplus_by:
        join.counts.surplus_by[NOT_KNOWN] = ledger.surplus
    join.settled = join.frames.head = join.controls.head = ledger.settled
    join.seen_before = ledger.seen
    empty = not (join.history or join.stack.values)
    join.frames.closed = join.controls.closed = empty and max(ledger.history_last, ledger.stack_last) >= 0
    return join
