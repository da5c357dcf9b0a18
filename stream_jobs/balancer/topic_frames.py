"""The frames of waiting ticks, read again from their topic."""

from __future__ import annotations

import time
from collections.abc import Iterator

from confluent_kafka import Consumer, Message, TopicPartition

from charles import topics
from charles.avro.codec import Unreadable
from charles.balancing.frame_store import Place, sweeps
from charles.events import Frame
from charles.kafka.clients import consumer, name
from charles.kafka.reading import records
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka

_SEEK_BEYOND_OFFSETS = 300
"""Offsets that are read through to the next frame that is wanted: it takes about as long as to seek it."""
_BATCH_RECORDS = 200
_FETCH_BYTES = 4 << 20
_PATIENCE_S = 10.0


class TopicFrames:
    """Reads frames again from the topic, in sweeps: what lies close ahead is read through to, not sought."""

    def __init__(self, kafka: Kafka, schemas: SchemaStore) -> None:
        self._kafka = kafka
        self._schemas = schemas
        self._topic = name(kafka, topics.FRAMES)
        self._consumer: Consumer | None = None

    def read(self, places: list[Place]) -> dict[Place, bytes]:
        if self._consumer is None:
            properties = {"enable.partition.eof": True, "fetch.message.max.bytes": _FETCH_BYTES}
            self._consumer = consumer(self._kafka, "balancer-frames", **properties)
        found: dict[Place, bytes] = {}
        for sweep in sweeps(places, _SEEK_BEYOND_OFFSETS):
            self._consumer.assign([TopicPartition(self._topic, *sweep[0])])
            wanted = set(sweep)
            for place, value in self._sweep(self._consumer, sweep[-1]):
                if place in wanted and (picture := self._picture(value)) is not None:
                    found[place] = picture
        self._consumer.unassign()
        return found

    def _sweep(self, reader: Consumer, last: Place) -> Iterator[tuple[Place, bytes | None]]:
        """Every record from where the reader stands to this one, or to the end of the log."""
        deadline = time.monotonic() + _PATIENCE_S
        ends: list[Message] = []
        while not ends:
            for message in records(reader.consume(_BATCH_RECORDS, timeout=0.005), ends.append):
                deadline = time.monotonic() + _PATIENCE_S
                place = message.partition() or 0, message.offset() or 0
                if place <= last:
                    yield place, message.value()
                if place >= last:
                    return
            if time.monotonic() > deadline:
                raise TimeoutError(f"frame {last[1]} of {self._topic} could not be read within {_PATIENCE_S:g} s")

    def _picture(self, value: bytes | None) -> bytes | None:
        try:
            return self._schemas.decode(Frame, value).picture
        except Unreadable:
            return None

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
