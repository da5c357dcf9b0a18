"""What the balancer has in memory between two assignments: partitions, bins, dead letters. It turns input records into
what the next transaction writes, and can be thrown away at any moment: the log has it all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from confluent_kafka import Message

from charles import topics
from charles.codec import Unreadable
from charles.deadletters import dead_letter
from charles.events import Control, DeadLetter, Frame, Sample, Waiting
from charles.kafka import name
from charles.registry import Registry
from charles.settings import Settings
from charles.topics import Topic
from stream_jobs.balancer.frames import FrameStore
from stream_jobs.balancer.joining import SIGNALS, Broken, Joined, Pointer
from stream_jobs.balancer.partition import FRAMES, Partition, Reading
from stream_jobs.balancer.pool import Pool, Verdict
from stream_jobs.balancer.state import Restored, Run, Tick, ledger_key, waiting_key

Record = tuple[Topic, str, bytes | None, int, dict[str, str] | None]
"""What to write: topic, key, value (None is a tombstone), partition (-1: by key), headers."""


class Work:
    """The balancing of the partitions that are assigned."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._kafka = settings.kafka
        self._balance = settings.config.balance
        self._registry = registry
        self._dead_letters: list[DeadLetter] = []
        self._frames = FrameStore(settings.kafka, registry, settings.balancer.frames_cache_mb << 20)
        self.pool = Pool(settings.config, settings.epoch, self._frames)
        self.partitions: dict[int, Partition] = {}
        self.emitted = 0
        self.sets = 0

    def add_partition(self, number: int, readings: dict[str, Reading], restored: Restored) -> None:
        """Go on with a partition from its committed state."""
        self.partitions[number] = Partition(self._balance, readings, restored.ledgers)
        self._count(self.pool.restore(restored.ticks))

    def handle(self, side: str, message: Message) -> None:
        """Take in one record of frames or controls."""
        number, offset = int(message.partition() or 0), int(message.offset() or 0)
        partition = self.partitions[number]
        reading = partition.readings[side]
        reading.position = offset + 1
        try:
            whole = self._take_in(partition, side, number, offset, message.value())
        except Unreadable as error:
            letter = dead_letter(message, str(error), "balancer")
            if offset >= reading.known:
                self._dead_letters.append(letter)
            whole = self._take_in_broken(partition, side, offset, letter)
        self._wait(number, whole)

    def close_silent(self) -> None:
        """End the runs that fell silent."""
        for number, partition in self.partitions.items():
            self._wait(number, partition.close_silent())

    def records(self) -> Iterator[Record]:
        """Everything that the next transaction writes."""
        for sample in self.pool.samples:
            headers = {"collector": sample.collector, "run": sample.run, "tick": str(sample.tick)}
            yield topics.BALANCED, sample.set_id, self._encode(sample, topics.BALANCED), -1, headers
        for tick_id, tick in self.pool.changes().items():
            value = None if tick is None else self._encode_waiting(tick)
            yield topics.BALANCER_STATE, waiting_key(tick_id), value, tick_id[0], None
        for number, partition in self.partitions.items():
            for run in partition.changed:
                value = self._encode(partition.ledger(run), topics.BALANCER_STATE)
                yield topics.BALANCER_STATE, ledger_key(run), value, number, None
        for letter in self._dead_letters:
            yield topics.DEADLETTER, letter.topic, self._encode(letter, topics.DEADLETTER), -1, None

    def committed(self) -> None:
        """The transaction is in the log."""
        self.emitted += len(self.pool.samples)
        self.sets += len({sample.set_id for sample in self.pool.samples})
        self.pool.committed()
        for partition in self.partitions.values():
            partition.changed.clear()
        self._dead_letters.clear()

    def close(self) -> None:
        self._frames.close()

    def _take_in(
        self, partition: Partition, side: str, number: int, offset: int, value: bytes | None
    ) -> list[tuple[Run, Joined]]:
        if side == FRAMES:
            frame = self._registry.decode(Frame, value)
            self._frames.add((number, offset), frame.picture)
            counted = frame.late, frame.dropped
            return partition.add_frame((frame.collector, frame.run), frame.tick, Pointer(offset), offset, counted)
        control = self._registry.decode(Control, value)
        return partition.add_control((control.collector, control.run), control.tick, control, offset)

    def _take_in_broken(
        self, partition: Partition, side: str, offset: int, letter: DeadLetter
    ) -> list[tuple[Run, Joined]]:
        """A record that cannot be read is still somebody's tick when its headers say whose."""
        headers = {key: value.decode(errors="replace") for key, value in letter.headers.items()}
        if not {"collector", "run", "tick"} <= headers.keys() or not headers["tick"].isdecimal():
            return []
        run, tick = (headers["collector"], headers["run"]), int(headers["tick"])
        if side == FRAMES:
            return partition.add_frame(run, tick, Broken(), offset)
        return partition.add_control(run, tick, Broken(), offset)

    def _wait(self, number: int, whole: list[tuple[Run, Joined]]) -> None:
        for run, joined in whole:
            offsets = tuple(pointer.offset for pointer in joined.frames)
            self._count(self.pool.add((number, *run, joined.control.tick), Tick(_sample(joined), offsets)))
        if whole:
            self._count(self.pool.emit())

    def _count(self, verdicts: list[Verdict]) -> None:
        for (number, collector, run, _tick), verdict in verdicts:
            self.partitions[number].leave_bins((collector, run), verdict)

    def _encode(self, event: object, topic: Topic) -> bytes:
        return self._registry.encode(event, name(self._kafka, topic))

    def _encode_waiting(self, tick: Tick) -> bytes:
        return self._encode(
            Waiting(self._encode(tick.sample, topics.BALANCER_STATE), list(tick.offsets)), topics.BALANCER_STATE
        )


def _sample(joined: Joined) -> Sample:
    """The sample of a tick, before it has frames and a set."""
    control = joined.control
    past: dict[str, Any] = {
        f"history_{signal}": list(values)
        for signal, values in zip(SIGNALS, zip(*joined.history, strict=True), strict=True)
    }
    return Sample(
        collector=control.collector,
        run=control.run,
        tick=control.tick,
        time=control.time,
        set_id="",
        set_output="",
        set_bin=-1,
        frames=[],
        speed=control.speed,
        purpose_distance=control.purpose_distance,
        purpose_bearing=control.purpose_bearing,
        acceleration=control.acceleration,
        braking=control.braking,
        steering=control.steering,
        **past,
    )
