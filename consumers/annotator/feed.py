"""The topics that the annotator reads, and how far it has told them."""

from __future__ import annotations

import logging
import time
from typing import NamedTuple

from confluent_kafka import OFFSET_BEGINNING, KafkaException, Message, TopicPartition

from charles import topics
from charles.avro.codec import SchemaUnavailable, Unreadable
from charles.kafka.clients import consumer, name
from charles.kafka.reading import records
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka
from consumers.annotator.story import Told

log = logging.getLogger(__name__)

_READ_TOPICS = (topics.MODELS, topics.CONFIG, topics.STATUS, topics.DEADLETTER)
_COMMIT_EVERY_S = 1.0
_ANSWER_S = 10.0


class FeedRecord(NamedTuple):
    """An event, where it lies."""

    topic: str
    offset: int
    event: Told


class AnnotatorFeed:
    """Reads every topic from its start; offsets are committed as far as all was told. Each has one partition."""

    def __init__(self, kafka: Kafka) -> None:
        """Raises KafkaException where the committed offsets cannot be read."""
        self._schemas = SchemaStore(kafka)
        self._consumer = consumer(kafka, "annotator")
        self._events = {name(kafka, topic): topic.event for topic in _READ_TOPICS}
        there = self._consumer.committed([TopicPartition(full, 0) for full in self._events], timeout=_ANSWER_S)
        self._told = {place.topic: max(place.offset, 0) for place in there}
        self._committed = dict(self._told)
        self._next_commit = 0.0
        letters = name(kafka, topics.DEADLETTER)  # they may be many, and what was before says nothing of what comes
        starts = dict.fromkeys(self._events, OFFSET_BEGINNING) | {letters: self._told[letters] or OFFSET_BEGINNING}
        self._consumer.assign([TopicPartition(full, 0, offset) for full, offset in starts.items()])

    def next(self, wait_s: float) -> FeedRecord | None:
        """The next event of any topic, waiting up to wait_s for it; None where none came, or one that cannot be read:
        whoever lives on it dead-letters it, this is only a look. Raises AccessRefused for what this user may not
        read."""
        self._commit()
        for message in records(self._consumer.consume(1, wait_s)):
            return None if message.value() is None else self._decoded(message)
        return None

    def _decoded(self, message: Message) -> FeedRecord | None:
        full, offset = message.topic() or "", message.offset() or 0
        try:
            return FeedRecord(full, offset, self._schemas.decode(self._events[full], message.value()))
        except (Unreadable, SchemaUnavailable) as problem:
            log.warning("%s 0@%d is not annotated: %s", full, offset, problem)
            return None

    def is_new(self, record: FeedRecord) -> bool:
        """Whether it was not told before."""
        return record.offset >= self._told[record.topic]

    def done(self, record: FeedRecord, *, told: bool) -> None:
        """All that there is to tell of it was told. told: whether that was anything: then it is committed at once."""
        self._told[record.topic] = record.offset + 1
        if told:
            self._next_commit = 0.0
            self._commit()

    def close(self) -> None:
        self._next_commit = 0.0
        self._commit()
        self._consumer.close()

    def _commit(self) -> None:
        """What cannot be committed now is committed later: until then it would only be looked up once more."""
        news = {full: offset for full, offset in self._told.items() if offset > self._committed[full]}
        if not news or time.monotonic() < self._next_commit:
            return
        self._next_commit = time.monotonic() + _COMMIT_EVERY_S
        try:
            self._consumer.commit(
                offsets=[TopicPartition(full, 0, offset) for full, offset in news.items()], asynchronous=False
            )
        except KafkaException as problem:
            log.debug("annotations are written, but offsets are not committed yet: %s", problem)
        else:
            self._committed |= news
