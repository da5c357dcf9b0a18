"""The balancing engine: records of frames and controls go in; samples, dead letters and changes of state come out.

It has in memory what lies between two assignments: partitions (the joins) and the pool (the bins). It alone touches
both: what leaves the pool comes back as verdicts, and is counted in the tick's partition here. It writes nothing and
can be thrown away at any moment: the log has it all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

from charles.avro.codec import STUMBLES, Unreadable
from charles.balancing.clock import Clock
from charles.balancing.frame_store import FrameLog, FrameStore
from charles.balancing.join import BrokenHalf, Clash, Pointer, TooFarAhead
from charles.balancing.ledger_audit import LedgerAudit
from charles.balancing.partition import FRAMES, Partition, Reading, Whole
from charles.balancing.run_state import Restored, Run, Tick, TickId
from charles.balancing.waiting_pool import Verdict, WaitingPool
from charles.base.headers import moment_of
from charles.base.limits import TICKS_AHEAD
from charles.config import Config
from charles.events import Control, DeadLetter, Frame, RunLedger, Sample
from charles.kafka.dead_letters import Consumed, dead_letter

log = logging.getLogger(__name__)

EventT = TypeVar("EventT")


class Decoder(Protocol):
    """Reads events: a SchemaStore, or the schemas of a recording."""

    def decode(self, event: type[EventT], data: bytes | memoryview | None) -> EventT:
        """Raises Unreadable."""


class StateChanges(NamedTuple):
    """What differs from the state that is written, which it then is.

    ticks: those that wait now, and None for those that wait no more; ledgers: of the runs that changed, by input
    partition.
    """

    ticks: dict[TickId, Tick | None]
    ledgers: list[tuple[int, RunLedger]]


class Engine:
    """The balancing of the partitions that are assigned."""

    def __init__(
        self,
        config: Config,
        epoch: int,
        decoder: Decoder,
        frames: FrameLog,
        *,
        frames_cache_bytes: int,
        recall: Callable[[int, Run], RunLedger | None] = lambda _partition, _run: None,
        clock: Clock | None = None,
    ) -> None:
        """epoch: of the configuration; frames: where they are read again; recall: the ledger that was written last for
        a run in a partition."""
        self._balance = config.balance
        self._decoder = decoder
        self._recall = recall
        self._dead_letters: list[DeadLetter] = []
        self._clock = clock or Clock()
        self._frames = FrameStore(frames, frames_cache_bytes)
        self.pool = WaitingPool(config, epoch, self._frames, self._clock)
        self.partitions: dict[int, Partition] = {}
        self.audit = LedgerAudit()
        self.emitted = 0
        self._latencies: list[float] = []
        self._clashing: set[Run] = set()

    def add_partition(self, number: int, readings: dict[str, Reading], restored: Restored) -> None:
        """Go on with a partition from its committed state."""
        recall = partial(self._recall, number)
        self.partitions[number] = Partition(self._balance, readings, restored.ledgers, recall, self._clock)
        self._count(self.pool.restore(restored.ticks))

    def handle(self, side: str, message: Consumed) -> None:
        """Take in one record of frames or controls."""
        number, offset = message.partition() or 0, message.offset() or 0
        partition = self.partitions[number]
        reading = partition.readings[side]
        reading.position = offset + 1
        try:
            whole = self._take_in(partition, side, number, offset, message)
        except TooFarAhead as error:
            self._tell_of(message, str(error), new=offset >= reading.known)
            return
        except Unreadable as error:
            self._tell_of(message, str(error), new=offset >= reading.known)
            whole = self._take_in_broken(partition, side, offset, message)
        except STUMBLES as error:
            log.exception("a record of %s cannot be used: %s %d@%d", side, message.topic(), number, offset)
            self._tell_of(message, f"{type(error).__name__}: {error}", new=offset >= reading.known)
            whole = self._take_in_broken(partition, side, offset, message)
        if whole:
            self._wait(number, whole)

    def forget_past(self) -> None:
        """Let go of runs that are over; to be called while everything that was written is in the log."""
        for partition in self.partitions.values():
            partition.forget_past()

    def close_silent(self) -> None:
        """End the runs that fell silent."""
        for number, partition in self.partitions.items():
            if whole := partition.close_silent():
                self._wait(number, whole)

    def look_around(self) -> None:
        """To be called once a second: let go of what waits in the bins for too long, and emit what makes sets without
        another tick, as what was restored into other bins may."""
        self._count(self.pool.give_up_old())
        self._count(self.pool.emit())

    def taken_latencies(self) -> list[float]:
        """How long each sample took from its capture to its set, seconds: those written since this was asked last."""
        taken, self._latencies = self._latencies, []
        return taken

    def taken_samples(self) -> list[Sample]:
        """The samples that were emitted and not asked for yet."""
        self._time_samples()
        taken = self.pool.taken_samples()
        self.emitted += len(taken)
        return taken

    def taken_letters(self) -> list[DeadLetter]:
        """The dead letters that were not asked for yet."""
        taken, self._dead_letters = self._dead_letters, []
        return taken

    def taken_state(self) -> StateChanges:
        """What of the state was not asked for yet; each ledger of it was audited."""
        ledgers = []
        for number, partition in self.partitions.items():
            for run in partition.changed:
                ledger = partition.ledger(run)
                self.audit.check(number, ledger, self.pool.waiting(number, run))
                ledgers.append((number, ledger))
            partition.changed.clear()
        return StateChanges(self.pool.taken_changes(), ledgers)

    def close(self) -> None:
        self._frames.close()

    def _take_in(self, partition: Partition, side: str, number: int, offset: int, message: Consumed) -> list[Whole]:
        value = message.value()
        half: Frame | Control
        waits: Pointer | Control
        if side == FRAMES:
            half = frame = self._decoder.decode(Frame, value and memoryview(value))  # its picture is not copied
            waits = Pointer(offset, frame.time)
            self._frames.add((number, offset), frame.picture)
        else:
            half = waits = self._decoder.decode(Control, value)
        run = half.collector, half.run
        try:
            whole = partition.add(side, run, half.tick, waits, offset)
        except Clash as clash:
            # Whether or not it was read before: a clash settles its tick, so it is told once.
            self._dead_letters.append(dead_letter(message, str(clash), "balancer"))
            self._tell_of_clash(run, clash)
            return partition.add(side, run, half.tick, BrokenHalf(clash=True), offset)
        if isinstance(half, Frame):
            partition.count(run, half.late, half.dropped)
        return whole

    def _tell_of(self, message: Consumed, reason: str, *, new: bool) -> None:
        if new:
            self._dead_letters.append(dead_letter(message, reason, "balancer"))

    def _take_in_broken(self, partition: Partition, side: str, offset: int, message: Consumed) -> list[Whole]:
        """A record that cannot be read is still somebody's tick when its headers say whose."""
        moment = moment_of(message)
        if moment is None:
            return []
        collector, name, tick = moment
        run = collector, name
        if tick > TICKS_AHEAD and run not in partition.runs:
            return []  # no run begins with a number that nothing confirms
        with suppress(TooFarAhead):
            return partition.add(side, run, tick, BrokenHalf(), offset)
        return []

    def _wait(self, number: int, whole: list[Whole]) -> None:
        for run, joined in whole:
            self._count(self.pool.add((number, *run, joined.control.tick), Tick(joined, self._clock.now())))
        self._count(self.pool.emit())

    def _count(self, verdicts: list[Verdict]) -> None:
        for (number, collector, run, _tick), surplus_of in verdicts:
            self.partitions[number].leave_bins((collector, run), surplus_of)

    def _time_samples(self) -> None:
        """How long the samples took that are written now."""
        written = self._clock.now()
        for (number, *run, _tick), sample in zip(self.pool.emitted, self.pool.samples, strict=True):
            seconds = (written - sample.time).total_seconds()
            self.partitions[number].took((run[0], run[1]), seconds)
            self._latencies.append(seconds)

    def _tell_of_clash(self, run: Run, clash: Clash) -> None:
        """Once a run: its ticks may be many."""
        if run not in self._clashing:
            self._clashing.add(run)
            log.warning("%s, run %s: %s; the conflicting ticks are dead-lettered", *run, clash)
