"""Following topics for those who only look: what is wrong with a record, whoever lives on it says and dead-letters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from confluent_kafka import OFFSET_END, Consumer, Message, TopicPartition

from charles.avro.codec import SchemaUnavailable, Unreadable
from charles.kafka.clients import consumer, name
from charles.kafka.errors import AccessRefused
from charles.kafka.process_state import process
from charles.kafka.reading import arrived, records
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka
from charles.topics import Topic

EventT = TypeVar("EventT")

_BATCH = 1000
_TAIL_BASE = -2000
"""librdkafka's RD_KAFKA_OFFSET_TAIL_BASE: this less n is the place of the n-th last record."""


def tail(kafka: Kafka, topic: Topic, count: int, partition: int = 0) -> TopicPartition:
    """The place of the last so many records of a topic, 0: of those to come; needs no broker to be named."""
    return TopicPartition(name(kafka, topic), partition, _TAIL_BASE - count if count else OFFSET_END)


def quiet_consumer(kafka: Kafka, group: str) -> Consumer:
    """A consumer that says where a partition ends, and logs nothing while a broker is away."""
    quiet: dict[str, Any] = {"enable.partition.eof": True, "fetch.wait.max.ms": 100, "error_cb": lambda _error: None}
    return consumer(kafka, group, **quiet)


class Onlooker:
    """Reads on from places of topics. failures: records that could not be decoded; consumer: to ask it for facts."""

    def __init__(self, kafka: Kafka, group: str) -> None:
        self.failures = 0
        self._schemas = SchemaStore(kafka)
        self._behind: set[tuple[str | None, int | None]] = set()
        self.consumer = quiet_consumer(kafka, group)

    def start(self, places: Iterable[TopicPartition]) -> None:
        """Read from these places on."""
        self.consumer.assign(there := [*places])
        self._behind = {(place.topic, place.partition) for place in there}

    @property
    def caught_up(self) -> bool:
        """Whether all that was there at the start has been read."""
        return not self._behind

    def read(self, wait_s: float = 0.0) -> Iterator[Message]:
        """What has come; waits up to wait_s for the first. Raises AccessRefused for what this user may not read."""
        return records(arrived(self.consumer, wait_s, _BATCH), self._ended)

    def decode(self, event: type[EventT], message: Message) -> EventT | None:
        """A record's event; None where it has none, or none that can be decoded: that is counted, and logged once a
        minute."""
        if message.value() is None:
            return None
        try:
            return self._schemas.decode(event, message.value())
        except (Unreadable, SchemaUnavailable, AccessRefused) as problem:
            self.failures += 1
            process.outages.warn(
                (message.topic(), type(problem)), f"a record of {message.topic()} is passed over: {problem}"
            )
            return None

    def close(self) -> None:
        self.consumer.close()

    def _ended(self, message: Message) -> None:
        self._behind.discard((message.topic(), message.partition()))
