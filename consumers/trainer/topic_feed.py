"""What the trainer reads: samples from the topic `balanced`, from where it stopped."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from charles import topics
from charles.avro.codec import STUMBLES, Unreadable
from charles.base.pictures import BadPicture
from charles.events import Sample
from charles.kafka.clients import consumer, name
from charles.kafka.dead_letters import DeadLetters
from charles.kafka.process_state import process
from charles.kafka.reading import OffsetSpan, polled, read_spans, records
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka
from consumers.trainer.buffers import BufferedSample, Buffers
from consumers.trainer.sample_intake import SampleShape, UnusedSample, take_in, to_hold

log = logging.getLogger(__name__)

_SAMPLES_AT_ONCE = 500
"""Samples that are taken in between two batches, so that a long log does not hold up the training."""
_PATIENCE_S = 60.0
_REREAD_S = 5.0


class TopicFeed:
    """Reads committed samples and keeps the place.

    position: the next offset to read; at_end: everything that is there was read, as far as the broker has told.
    """

    ended = False
    """More may always come."""

    def __init__(
        self, kafka: Kafka, model: str, shape: SampleShape, dead_letters: DeadLetters, position: int = 0
    ) -> None:
        self.position = position
        self.at_end = False
        self._shape = shape
        self._dead_letters = dead_letters
        self._schemas = SchemaStore(kafka)
        self._group = f"trainer-{model}"
        self._topic = name(kafka, topics.BALANCED)
        self._consumer = self._open(kafka, **process.measured())
        self._rereader: Consumer | None = None
        self._kafka = kafka

    def refill(
        self, offsets: Container[int], first: int, go_on: Callable[[int], bool]
    ) -> dict[int, BufferedSample | UnusedSample]:
        """Read again what was held: the samples at these offsets, from `first` up to the position.

        go_on: told the offset that is reached; false ends it early. What the log holds no more is left out.
        Raises TimeoutError when the log cannot be read.
        """
        found: dict[int, BufferedSample | UnusedSample] = {}
        span = {0: OffsetSpan(first, self.position)}
        for message in read_spans(self._consumer, self._topic, span, _PATIENCE_S):
            offset = message.offset() or 0
            if not go_on(offset):
                break
            if offset in offsets and (held := self._held_or_rejected(message)) is not None:
                found[offset] = held
        return found

    def start(self) -> None:
        """Go to the position; take() reads from there."""
        self._consumer.assign([TopicPartition(self._topic, 0, self.position)])

    def take(self, buffers: Buffers, wanted: Callable[[], bool]) -> int:
        """Put what has arrived into the buffers while more is wanted, up to a few hundred; returns how many came."""
        came, arrived = 0, records(polled(self._consumer, 0.0), self._reached)
        while came < _SAMPLES_AT_ONCE and wanted() and (message := next(arrived, None)) is not None:
            self.at_end = False
            came += 1
            self.position = (message.offset() or 0) + 1
            take_in(buffers, self._held_or_rejected(message))
        return came

    @property
    def lag(self) -> int:
        """Unread samples, an upper bound (the ends of transactions use offsets too); -1: unknown."""
        if self.at_end:
            return 0
        _, high = self._consumer.get_watermark_offsets(self._partition, cached=True) or (0, -1)
        return max(high - self.position, 0) if high >= 0 else -1

    def low(self) -> int | None:
        """The first offset that the log still holds; None while the broker is away."""
        try:
            return (self._consumer.get_watermark_offsets(self._partition, timeout=1.0) or (None, 0))[0]
        except KafkaException:
            return None

    def reject(self, held: BufferedSample, reason: str) -> None:
        """Dead-letter a sample whose picture does not decode; the record is read again, for it is not kept."""
        if self._rereader is None:
            self._rereader = self._open(self._kafka)
        span = {0: OffsetSpan(held.offset, held.offset + 1)}
        try:
            message = next(read_spans(self._rereader, self._topic, span, _REREAD_S), None)
        except TimeoutError:
            message = None
        if message is not None:
            self._dead_letters.send(message, reason)
        else:
            log.warning("sample %d rejected: %s; its record could not be read again", held.offset, reason)

    def commit(self) -> None:
        """Tell the group's place, so that everybody sees the lag; the trainer itself goes by its saved state."""
        self._consumer.commit(offsets=[TopicPartition(self._topic, 0, self.position)], asynchronous=True)

    def close(self) -> None:
        self._consumer.close()
        if self._rereader is not None:
            self._rereader.close()

    @property
    def _partition(self) -> TopicPartition:
        return TopicPartition(self._topic, 0)

    def _open(self, kafka: Kafka, **properties: Any) -> Consumer:
        return consumer(kafka, self._group, **{"enable.partition.eof": True, "fetch.wait.max.ms": 50}, **properties)

    def _reached(self, _end: Message) -> None:
        self.at_end = True

    def _held_or_rejected(self, message: Message) -> BufferedSample | UnusedSample | None:
        try:
            return self._held(message)
        except (Unreadable, BadPicture) as problem:
            self._dead_letters.send(message, str(problem))
        except STUMBLES as problem:
            log.exception("sample %d cannot be used", message.offset())
            self._dead_letters.send(message, f"{type(problem).__name__}: {problem}")
        return None

    def _held(self, message: Message) -> BufferedSample | UnusedSample:
        return to_hold(self._schemas.decode(Sample, message.value()), message.offset() or 0, self._shape)
