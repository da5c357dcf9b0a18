"""The topic `status`, followed from its last few minutes on."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from charles import topics
from charles.avro.codec import Unreadable
from charles.control.members import Member, Members
from charles.events import Status, now
from charles.kafka.clients import consumer, is_end, name
from charles.kafka.errors import asking, not_allowed
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka

_KEPT = 2000
_BATCH = 1000
_QUIET_S = 0.7
_ANSWER_S = 0.5
_TAIL_BASE = -2000
"""librdkafka's RD_KAFKA_OFFSET_TAIL_BASE: this less n is the place of the n-th last record."""


def tail(kafka: Kafka, topic: topics.Topic, count: int, partition: int = 0) -> TopicPartition:
    """The place of the last so many records of a topic; needs no broker to be named."""
    return TopicPartition(name(kafka, topic), partition, _TAIL_BASE - count)


def onlooker(kafka: Kafka, group: str) -> Consumer:
    """A consumer for those who only look: it says where a partition ends, and writes nothing while a broker is away."""
    quiet: dict[str, Any] = {"enable.partition.eof": True, "fetch.wait.max.ms": 100, "error_cb": lambda _error: None}
    return consumer(kafka, group, **quiet)


class StatusTopic:
    """Follows every program. roll: what they say, taken together; caught_up: whether all that was there was read;
    away_s: for how long the broker has been away, 0: it answers."""

    def __init__(self, kafka: Kafka) -> None:
        self.roll = Members()
        self.caught_up = False
        self._answered = now()
        self._away = False
        self._back = datetime.min.replace(tzinfo=UTC)
        self._topic = name(kafka, topics.STATUS)
        self._registry = SchemaStore(kafka)
        self._consumer = onlooker(kafka, "heartbeats")
        self._answers()  # a client that knows the topic's leader finds its end half a second sooner
        self._consumer.assign([tail(kafka, topics.STATUS, _KEPT)])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    @property
    def away_s(self) -> float:
        return (now() - self._answered).total_seconds() if self._away else 0.0

    @property
    def at(self) -> datetime:
        """The moment to which silence is counted: nobody can be heard while the broker is away."""
        return self._answered if self._away else now()

    @property
    def members(self) -> list[Member]:
        """Every instance that was heard. After an absence of the broker their silence begins anew."""
        return [replace(member, heard=max(member.heard, self._back)) for member in self.roll.members.values()]

    def read(self, wait_s: float) -> list[Status]:
        """Take in what has come and return it; waits up to wait_s for the first, and half a second for a broker that
        is away."""
        first = self._consumer.poll(wait_s)
        messages = [first, *self._consumer.consume(_BATCH, timeout=0)] if first is not None else []
        found = [status for message in messages if (status := self._take(message)) is not None]
        self._look_for_broker(bool(found))
        return found

    def catch_up(self, patience_s: float) -> None:
        """Read to the present end. Raises TimeoutError when there is none within patience_s."""
        deadline = time.monotonic() + patience_s
        while not self.caught_up and self._exists(patience_s):
            self.read(0.1)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._topic} could not be read within {patience_s:g} s")

    def close(self) -> None:
        self._consumer.close()

    def _look_for_broker(self, heard: bool) -> None:
        if not heard and (now() - self._answered).total_seconds() < _QUIET_S:
            return
        if heard or self._answers():
            self._answered = now()
            if self._away:
                self._back = self._answered
            self._away = False
        else:
            self._away = True

    def _answers(self) -> bool:
        try:
            self._consumer.list_topics(self._topic, timeout=_ANSWER_S)
        except KafkaException:
            return False
        return True

    def _exists(self, patience_s: float) -> bool:
        error = self._consumer.list_topics(self._topic, timeout=patience_s).topics[self._topic].error
        if not_allowed(error):
            raise asking(KafkaException(error), f"see {self._topic}")
        return error is None

    def _take(self, message: Message) -> Status | None:
        try:
            if is_end(message):
                self.caught_up = True
                return None
            status = self._registry.decode(Status, message.value())
        except (Unreadable, KafkaException, TimeoutError):
            return None  # whoever needs the record dead-letters it: this is only a look
        # Clocks differ between machines, but what comes in the moment it is written is young by any clock.
        self.roll.take(status, now() if self.caught_up else min(status.time, now()))
        return status
