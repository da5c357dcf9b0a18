"""Producers, consumers and the admin client: made and secured in one place."""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient

from charles.kafka import errors
from charles.kafka.errors import Refused
from charles.kafka.outage_log import absence
from charles.kafka.schemas import Registry, announcement
from charles.settings import ConfigError, Kafka
from charles.topics import SCHEMAS, TOPICS, Topic

log = logging.getLogger(__name__)

OnDelivery = Callable[[KafkaError | None, Message], None]
Headers = Mapping[str, str]


AWAY = (KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN)
"""Codes of errors that say that no broker answers."""
_LOOK_S = 2.0
_STATISTICS: dict[str, Any] = {}
_MEASURED: weakref.WeakSet[Publisher] = weakref.WeakSet()


class BrokerUnavailable(RuntimeError):
    """No broker answers; the message says where and what to do."""


def name(kafka: Kafka, topic: Topic) -> str:
    """A topic's full name on the cluster."""
    return f"{kafka.prefix}.{topic.name}"


def group(kafka: Kafka, program: str) -> str:
    """A consumer group's or transactional id's full name."""
    return f"{kafka.prefix}.{program}"


def tell_statistics(to: Callable[[str], None], every_s: float) -> None:
    """From now on, clients that are made with measured() tell what librdkafka says of them: JSON, again and again."""
    _STATISTICS.update({"stats_cb": to, "statistics.interval.ms": round(every_s * 1000)})


def measured() -> dict[str, Any]:
    """Properties of a client whose statistics are told, if anybody wants them. A consumer must then be polled all the
    time, for what it has to tell piles up in it otherwise; publishers are, by poll_measured()."""
    return dict(_STATISTICS)


def poll_measured() -> None:
    """Let the publishers that are measured tell what they have to tell, those too that have nothing to send now."""
    for publisher in list(_MEASURED):
        publisher.producer.poll(0)


@contextmanager
def _explained() -> Iterator[None]:
    """What librdkafka says against a client's properties, as an error of the setting where they stand."""
    try:
        yield
    except KafkaException as error:
        reason = error.args[0].str().strip()
        raise ConfigError(f"kafka.properties: {reason}; librdkafka's CONFIGURATION.md says what it accepts") from None


@_explained()
def producer(kafka: Kafka, **properties: Any) -> Producer:
    """An idempotent producer with acks=all. properties: librdkafka's, with dots; the settings' own come last.

    Raises ConfigError for properties that are none, as consumer() and admin() do.
    """
    return Producer(
        _client(kafka)
        | {
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 5,
            "batch.size": 1_000_000,
            "message.max.bytes": 2_000_000,
            "compression.type": "none",  # JPEGs and weights do not shrink
            "partitioner": "murmur2_random",  # as Java clients do, so that anybody's record finds the same partition
        }
        | properties
        | kafka.client_properties
    )


@_explained()
def consumer(kafka: Kafka, group_id: str, **properties: Any) -> Consumer:
    """A consumer that reads committed records only, from the log's start where its group has no offset."""
    return Consumer(
        _client(kafka)
        | {
            "group.id": group(kafka, group_id),
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.partition.eof": False,
            "fetch.queue.backoff.ms": 10,
            "queued.max.messages.kbytes": 32_768,
        }
        | properties
        | kafka.client_properties
    )


@_explained()
def admin(kafka: Kafka, **properties: Any) -> AdminClient:
    return AdminClient(_client(kafka) | properties | kafka.client_properties)


def require_broker(kafka: Kafka, patience_s: float = 10.0) -> None:
    """Return once the cluster answers. Raises BrokerUnavailable after patience_s, and Refused, sooner, where it lets
    nobody in like this."""
    refused: list[Refused] = []
    reasons: list[str] = []

    def note(error: KafkaError) -> None:
        if error.code() != KafkaError._ALL_BROKERS_DOWN:
            reasons.append(errors.reason(error))
        refusal = errors.of_connection(kafka, error)
        if refusal is not None:
            refused.append(refusal)

    client, deadline = admin(kafka, error_cb=note), time.monotonic() + patience_s
    while not answers(client, min(_LOOK_S, patience_s)):
        client.poll(0)
        if refused:
            raise refused[0]
        if time.monotonic() >= deadline:
            raise BrokerUnavailable(
                f"no Kafka broker answers at {kafka.bootstrap_servers} ({(reasons or ['no address'])[0]}); `charles "
                "kafka start` starts one on this machine, KAFKA_BOOTSTRAP_SERVERS names another"
            )


def answers(client: AdminClient | Consumer, timeout_s: float = 1.0) -> bool:
    """Whether the cluster answers now, within timeout_s."""
    try:
        client.list_topics(timeout=timeout_s)
    except KafkaException:
        return False
    return True


def is_end(message: Message) -> bool:
    """Whether this is the news that the end of a partition is reached, which a consumer with enable.partition.eof gets,
    rather than a record. Raises Refused for what this user may not read, and KafkaException for other errors."""
    error = message.error()
    if error is None:
        return False
    if error.code() == KafkaError._PARTITION_EOF:
        return True
    raise errors.reading(error, message)


class Publisher:
    """A producer of events: encodes them, names their topic, and has announced their schemas before the first."""

    def __init__(self, kafka: Kafka, *events: type, **properties: Any) -> None:
        """Raises what Registry.announce() raises."""
        self._kafka = kafka
        self._names = {topic: name(kafka, topic) for topic in TOPICS}
        self._registry = Registry(kafka)
        self._registry.announce(*events)
        self.producer = producer(kafka, **properties)
        if "stats_cb" in properties:
            _MEASURED.add(self)
        # A transaction's end says itself what became of its events, which come by the thousand.
        self._told = None if "transactional.id" in properties else errors.delivery

    def announce(self, event: type) -> None:
        """Queue the schema of events that follow in the same queue: nobody waits, not even while the broker is away."""
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
        """Queue an event; waits for room while the queue is full. partition: -1: the key's. on_delivery: is told of
        its fate, in the place of what raises Refused. Raises KafkaException when it cannot be sent, and Refused, also
        out of a later call, for what this user may not write."""
        value = self._registry.encode(event, name(self._kafka, topic))
        self.send_bytes(topic, key, value, partition=partition, headers=headers, on_delivery=on_delivery)

    def send_or_drop(self, topic: Topic, event: Any, key: str) -> None:
        """As send(), for an event of the moment: while the queue is full it is dropped, not waited for."""
        value = self._registry.encode(event, name(self._kafka, topic))
        asked = time.monotonic()

        def told(error: KafkaError | None, message: Message) -> None:
            errors.delivery(error, message)
            if error is None:
                absence.over(asked)

        try:
            self.producer.produce(name(self._kafka, topic), key=key, value=value, on_delivery=told)
        except BufferError:
            log.debug("dropped a %s", topic.name)
        self.producer.poll(0)
        absence.look()

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
        """As send(), for a value that is bytes already; None is a tombstone."""
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
        """Wait until everything is delivered; returns how many events are not, after timeout_s. Raises Refused."""
        return int(self.producer.flush(timeout_s))


def _client(kafka: Kafka) -> dict[str, Any]:
    return {
        "bootstrap.servers": kafka.bootstrap_servers,
        "client.id": kafka.prefix,
        "log_level": 2,  # librdkafka writes hundreds of lines while a broker is away; it is said once a minute
        "logger": log,  # else what a producer says that was given up goes to standard error, as if it mattered
        "error_cb": absence.error,
        "reconnect.backoff.max.ms": 1000,
        "topic.metadata.refresh.interval.ms": 10_000,
        "allow.auto.create.topics": False,
    }
