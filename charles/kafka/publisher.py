"""Publishes events: announces their schemas, encodes and queues them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import KafkaError, Message

from charles.kafka import errors
from charles.kafka.clients import name, producer
from charles.kafka.process_state import process
from charles.kafka.schemas import SchemaStore, announcement
from charles.settings import Kafka
from charles.topics import SCHEMAS, TOPICS, Topic

log = logging.getLogger(__name__)

OnDelivery = Callable[[KafkaError | None, Message], None]
Headers = Mapping[str, str]


class Publisher:
    """A producer of events: announces their schemas before the first one, encodes them, and names their topic."""

    def __init__(self, kafka: Kafka, *events: type, **properties: Any) -> None:
        """Raises what SchemaStore.announce() raises."""
        self._kafka = kafka
        self._names = {topic: name(kafka, topic) for topic in TOPICS}
        self._schemas = SchemaStore(kafka)
        self._schemas.announce(*events)
        self.producer = producer(kafka, **properties)
        if "stats_cb" in properties:
            process.watch(self)
        # A transaction's end says itself what became of its events, which come by the thousand.
        self._told = None if "transactional.id" in properties else errors.delivery

    def announce(self, event: type) -> None:
        """Queue the schema ahead of events in the same queue, without waiting, even while the broker is unreachable."""
        if not self._kafka.schema_registry_url:
            self.send_bytes(SCHEMAS, *announcement(event))

    def send(
        self,
        topic: Topic,
        event: Any,
        key: str,
        headers: Headers | None = None,
        on_delivery: OnDelivery | None = None,
        *,
        partition: int = -1,
    ) -> None:
        """Queue an event; waits while the queue is full. partition: -1: by key. on_delivery: called with the outcome,
        instead of the callback that raises AccessRefused. Raises KafkaException when it cannot be sent, and
        AccessRefused, also out of a later call, for what this user may not write."""
        value = self._schemas.encode(event, name(self._kafka, topic))
        self.send_bytes(topic, key, value, partition=partition, headers=headers, on_delivery=on_delivery)

    def send_or_drop(self, topic: Topic, event: Any, key: str) -> None:
        """As send(), for events that soon become outdated: if the queue is full, the event is dropped."""
        value = self._schemas.encode(event, name(self._kafka, topic))
        asked = time.monotonic()

        def told(error: KafkaError | None, message: Message) -> None:
            errors.delivery(error, message)
            if error is None:
                process.outages.over(asked)

        try:
            self.producer.produce(name(self._kafka, topic), key=key, value=value, on_delivery=told)
        except BufferError:
            log.debug("dropped a %s", topic.name)
        self.producer.poll(0)
        process.outages.look()

    def send_bytes(
        self,
        topic: Topic,
        key: str,
        value: bytes | None,
        *,
        partition: int = -1,
        headers: Headers | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """As send(), for encoded values; None is a tombstone."""
        full, told = self._names[topic], on_delivery or self._told
        pairs: Any = None if headers is None else list(headers.items())
        while True:
            try:
                self.producer.produce(full, value, key, partition, told, headers=pairs)
            except BufferError:
                self.producer.poll(0.1)
            else:
                self.producer.poll(0)
                return

    def flush(self, timeout_s: float = 10.0) -> int:
        """Wait until everything is delivered; returns how many events were not after timeout_s. Raises
        AccessRefused."""
        return int(self.producer.flush(timeout_s))
