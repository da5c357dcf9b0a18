"""What the balancer has in memory between two assignments: partitions, bins, dead letters. It turns input records into
what the next transaction writes, and can be thrown away at any moment: the log has it all."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial

from charles import topics
from charles.avro.codec import Unreadable
from charles.balancing.clock import World
from charles.balancing.frame_store import FrameLog, FrameStore, TopicFrames
from charles.balancing.join import Broken, Clash, Pointer
from charles.balancing.ledger_audit import Audit
from charles.balancing.partition import FRAMES, Partition, Reading, Whole
from charles.balancing.waiting_pool import Pool, Verdict
from charles.events import Control, DeadLetter, Frame, Sample, Waiting
from charles.kafka.clients import name
from charles.kafka.dead_letters import Consumed, dead_letter
from charles.kafka.schemas import Registry
from charles.settings import Settings
from charles.topics import Topic
from stream_jobs.balancer.state_topic import Restored, Run, Tick, ledger_key, recall, waiting_key
from stream_jobs.balancer.transaction_writer import Record

log = logging.getLogger(__name__)


class Work:
    """The balancing of the partitions that are assigned."""

    def __init__(
        self, settings: Settings, registry: Registry, frames: FrameLog | None = None, world: World | None = None
    ) -> None:
        """frames: where they are read again; None: from the topic."""
        self._kafka = settings.kafka
        self._names = {topic: name(settings.kafka, topic) for topic in topics.TOPICS}
        self._balance = settings.config.balance
        self._registry = registry
        self._dead_letters: list[DeadLetter] = []
        self._world = world or World()
        frames = frames or TopicFrames(settings.kafka, registry)
        self._frames = FrameStore(frames, settings.balancer.frames_cache_mb << 20)
        self.pool = Pool(settings.config, settings.epoch, self._frames, self._world)
        self.partitions: dict[int, Partition] = {}
        self.audit = Audit()
        self.emitted = 0
        self._latencies: list[float] = []
        self._clashing: set[Run] = set()

    def add_partition(self, number: int, readings: dict[str, Reading], restored: Restored) -> None:
        """Go on with a partition from its committed state."""
        written = partial(recall, self._kafka, self._registry, number)
        self.partitions[number] = Partition(self._balance, readings, restored.ledgers, written, self._world)
        self._count(self.pool.restore(restored.ticks))

    def handle(self, side: str, message: Consumed) -> None:
        """Take in one record of frames or controls."""
        number, offset = message.partition() or 0, message.offset() or 0
        partition = self.partitions[number]
        reading = partition.readings[side]
        reading.position = offset + 1
        try:
            whole = self._take_in(partition, side, number, offset, message)
        except Unreadable as error:
            letter = dead_letter(message, str(error), "balancer")
            if offset >= reading.known:
                self._dead_letters.append(letter)
            whole = self._take_in_broken(partition, side, offset, letter)
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

    def samples(self) -> list[Record]:
        """As taken_samples(), but as records; the next transaction must write them."""
        return [
            (
                topics.BALANCED,
                sample.set_id,
                self._encode(sample, topics.BALANCED),
                -1,
                {"collector": sample.collector, "run": sample.run, "tick": str(sample.tick)},
            )
            for sample in self.taken_samples()
        ]

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

    def records(self) -> list[Record]:
        """All that the next transaction must write beside the samples that were asked for. Where it does not arrive,
        all of this is thrown away."""
        return [*self.samples(), *self._state(), *self._letters()]

    def _state(self) -> Iterator[Record]:
        for tick_id, tick in self.pool.taken_changes().items():
            value = None if tick is None else self._encode_waiting(tick)
            yield topics.BALANCER_STATE, waiting_key(tick_id), value, tick_id[0], None
        for number, partition in self.partitions.items():
            for run in partition.changed:
                ledger = partition.ledger(run)
                self.audit.check(number, ledger, self.pool.waiting(number, run))
                yield topics.BALANCER_STATE, ledger_key(run), self._encode(ledger, topics.BALANCER_STATE), number, None
            partition.changed.clear()

    def _letters(self) -> Iterator[Record]:
        for letter in self.taken_letters():
            yield topics.DEADLETTER, letter.topic, self._encode(letter, topics.DEADLETTER), -1, None

    def close(self) -> None:
        self._frames.close()

    def _take_in(self, partition: Partition, side: str, number: int, offset: int, message: Consumed) -> list[Whole]:
        value = message.value()
        half: Frame | Control
        waits: Pointer | Control
        if side == FRAMES:
            half = frame = self._registry.decode(Frame, value and memoryview(value))  # its picture is not copied
            waits = Pointer(offset, frame.time)
            self._frames.add((number, offset), frame.picture)
        else:
            half = waits = self._registry.decode(Control, value)
        run = half.collector, half.run
        try:
            whole = partition.add(side, run, half.tick, waits, offset)
        except Clash as clash:
            # Whether or not it was read before: a clash settles its tick, so it is told once.
            self._dead_letters.append(dead_letter(message, str(clash), "balancer"))
            self._tell_of_clash(run, clash)
            return partition.add(side, run, half.tick, Broken(clash=True), offset)
        if isinstance(half, Frame):
            partition.count(run, half.late, half.dropped)
        return whole

    def _take_in_broken(self, partition: Partition, side: str, offset: int, letter: DeadLetter) -> list[Whole]:
        """A record that cannot be read is still somebody's tick when its headers say whose."""
        headers = {key: value.decode(errors="replace") for key, value in letter.headers.items()}
        if not {"collector", "run", "tick"} <= headers.keys() or not headers["tick"].isdecimal():
            return []
        run = headers["collector"], headers["run"]
        return partition.add(side, run, int(headers["tick"]), Broken(), offset)

    def _wait(self, number: int, whole: list[Whole]) -> None:
        for run, joined in whole:
            self._count(self.pool.add((number, *run, joined.control.tick), Tick(joined, self._world.now())))
        self._count(self.pool.emit())

    def _count(self, verdicts: list[Verdict]) -> None:
        for (number, collector, run, _tick), surplus_of in verdicts:
            self.partitions[number].leave_bins((collector, run), surplus_of)

    def _time_samples(self) -> None:
        """How long the samples took that are written now."""
        written = self._world.now()
        for (number, *run, _tick), sample in zip(self.pool.emitted, self.pool.samples, strict=True):
            seconds = (written - sample.time).total_seconds()
            self.partitions[number].took((run[0], run[1]), seconds)
            self._latencies.append(seconds)

    def _tell_of_clash(self, run: Run, clash: Clash) -> None:
        """Once a run: its ticks may be many."""
        if run not in self._clashing:
            self._clashing.add(run)
            log.warning("%s, run %s: %s; what clashes is dead-lettered", *run, clash)

    def _encode(self, event: object, topic: Topic) -> bytes:
        return self._registry.encode(event, self._names[topic])

    def _encode_waiting(self, tick: Tick) -> bytes:
        sample = self._encode(tick.sample(), topics.BALANCER_STATE)
        return self._encode(Waiting(sample, list(tick.joined.frames), tick.since), topics.BALANCER_STATE)
