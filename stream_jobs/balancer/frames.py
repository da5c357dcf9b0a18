"""The frames of waiting ticks: in memory while they fit, read again from the log where they lie otherwise."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Iterable

from confluent_kafka import Consumer, KafkaError, TopicPartition

from charles import topics
from charles.codec import Unreadable
from charles.events import Frame
from charles.kafka import consumer, name
from charles.registry import Registry
from charles.settings import Kafka

Place = tuple[int, int]
"""Partition and offset of a frame."""

_RECENT_BYTES = 32 << 20
_SEEK_BEYOND = 300
_PATIENCE_S = 10.0


class FrameStore:
    """Pictures by place. What no tick holds any more is forgotten; what does not fit is read again when needed."""

    def __init__(self, kafka: Kafka, registry: Registry, held_bytes: int) -> None:
        self._held = _Shelf(held_bytes)
        self._recent = _Shelf(_RECENT_BYTES)
        self._holders: Counter[Place] = Counter()
        self._log = _LogReader(kafka, registry)

    def add(self, place: Place, picture: bytes) -> None:
        """Remember a frame that was just read; whether a tick needs it turns out soon."""
        self._recent.put(place, picture)

    def hold(self, places: Iterable[Place]) -> None:
        """A waiting tick needs these frames."""
        for place in places:
            self._holders[place] += 1
            picture = self._recent.pictures.get(place)
            if picture is not None and place not in self._held.pictures:
                self._held.put(place, picture)

    def release(self, places: Iterable[Place]) -> None:
        """A tick that held these frames waits no more."""
        for place in places:
            self._holders[place] -= 1
            if self._holders[place] <= 0:
                del self._holders[place]
                self._held.drop(place)

    def get(self, places: Iterable[Place]) -> dict[Place, bytes]:
        """These pictures; those that retention has passed are left out."""
        found: dict[Place, bytes] = {}
        missing: list[Place] = []
        for place in places:
            picture = self._held.pictures.get(place) or self._recent.pictures.get(place)
            if picture is None:
                missing.append(place)
            else:
                found[place] = picture
        if missing:
            found |= self._log.read(sorted(missing))
        return found

    def close(self) -> None:
        self._log.close()


class _Shelf:
    """Pictures up to so many bytes; the oldest make room."""

    def __init__(self, capacity: int) -> None:
        self.pictures: OrderedDict[Place, bytes] = OrderedDict()
        self._capacity = capacity
        self._bytes = 0

    def put(self, place: Place, picture: bytes) -> None:
        self.pictures[place] = picture
        self._bytes += len(picture)
        while self._bytes > self._capacity and self.pictures:
            self._bytes -= len(self.pictures.popitem(last=False)[1])

    def drop(self, place: Place) -> None:
        self._bytes -= len(self.pictures.pop(place, b""))


class _LogReader:
    """Reads single frames from the topic, in sweeps: what lies close ahead is read through to, not sought."""

    def __init__(self, kafka: Kafka, registry: Registry) -> None:
        self._kafka = kafka
        self._registry = registry
        self._topic = name(kafka, topics.FRAMES)
        self._consumer: Consumer | None = None

    def read(self, places: list[Place]) -> dict[Place, bytes]:
        """The pictures at these places, which are sorted; without those that are gone from the log."""
        if self._consumer is None:
            self._consumer = consumer(self._kafka, "balancer-frames", **{"enable.partition.eof": True})
        found: dict[Place, bytes] = {}
        partition, position = -1, -1
        for place in places:
            if place[0] != partition or not 0 <= place[1] - position < _SEEK_BEYOND:
                self._consumer.assign([TopicPartition(self._topic, *place)])
            picture = self._read_to(self._consumer, place[1])
            if picture is not None:
                found[place] = picture
            partition, position = (place[0], place[1] + 1) if picture is not None else (-1, -1)
        self._consumer.unassign()
        return found

    def _read_to(self, reader: Consumer, offset: int) -> bytes | None:
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            message = reader.poll(1.0)
            if message is None:
                continue
            error = message.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                return None
            at = message.offset()
            if error is None and at is not None and at >= offset:
                return self._picture(message.value()) if at == offset else None
        raise TimeoutError(f"frame {offset} of {self._topic} could not be read within {_PATIENCE_S:g} s")

    def _picture(self, value: bytes | None) -> bytes | None:
        try:
            return self._registry.decode(Frame, value).picture
        except Unreadable:
            return None

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
