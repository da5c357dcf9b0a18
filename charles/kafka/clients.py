"""Producers, consumers and the admin client: made and secured in one place."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from charles.kafka import errors
from charles.kafka.errors import AccessRefused
from charles.kafka.process_state import process
from charles.settings import ConfigError, Kafka
from charles.topics import Topic

log = logging.getLogger(__name__)

_LOOK_S = 2.0


class BrokerUnavailable(RuntimeError):
    """No broker answers; the message says at which address and what to do."""


def name(kafka: Kafka, topic: Topic) -> str:
    """A topic's full name on the cluster."""
    return f"{kafka.prefix}.{topic.name}"


def group(kafka: Kafka, program: str) -> str:
    """A consumer group's or transactional id's full name."""
    return f"{kafka.prefix}.{program}"


@contextmanager
def _explained() -> Iterator[None]:
    """librdkafka's error about a client's properties, as an error of the setting kafka.properties."""
    try:
        yield
    except KafkaException as error:
        reason = error.args[0].str().strip()
        raise ConfigError(f"kafka.properties: {reason}; librdkafka's CONFIGURATION.md says what it accepts") from None


@_explained()
def producer(kafka: Kafka, **properties: Any) -> Producer:
    """An idempotent producer with acks=all. properties: librdkafka's; those of the settings take precedence.

    Raises ConfigError for invalid properties, as consumer() and admin() do.
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
    """A consumer that reads committed records only, and starts at the log's start if its group has no offset."""
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
    """Return once the cluster answers. Raises BrokerUnavailable after patience_s, and AccessRefused earlier if login
    fails."""
    refused: list[AccessRefused] = []
    problems: list[KafkaError] = []

    def note(error: KafkaError) -> None:
        if error.code() != KafkaError._ALL_BROKERS_DOWN:
            problems.append(error)
        refusal = errors.of_connection(kafka, error)
        if refusal is not None:
            refused.append(refusal)

    client, deadline = admin(kafka, error_cb=note), time.monotonic() + patience_s
    while not answers(client, min(_LOOK_S, patience_s)):
        client.poll(0)
        if refused:
            raise refused[0]
        if time.monotonic() >= deadline:
            # That a connection was closed says less than why it could not be made.
            problems.sort(key=lambda problem: problem.code() == KafkaError._TRANSPORT)
            why = errors.reason(problems[0]) if problems else "no address"
            raise BrokerUnavailable(
                f"no Kafka broker answers at {kafka.bootstrap_servers} ({why}); `charles kafka start` starts one on "
                "this machine, KAFKA_BOOTSTRAP_SERVERS names another"
            )


def answers(client: AdminClient | Consumer, timeout_s: float = 1.0) -> bool:
    """Whether the cluster answers now, within timeout_s."""
    try:
        client.list_topics(timeout=timeout_s)
    except KafkaException:
        return False
    return True


def _client(kafka: Kafka) -> dict[str, Any]:
    return {
        "bootstrap.servers": kafka.bootstrap_servers,
        "client.id": kafka.prefix,
        "log_level": 2,  # librdkafka writes hundreds of lines while a broker is away; it is said once a minute
        "logger": log,  # else what a producer says that was given up goes to standard error, as if it mattered
        "error_cb": process.outages.error,
        "reconnect.backoff.max.ms": 1000,
        "topic.metadata.refresh.interval.ms": 10_000,
        "allow.auto.create.topics": False,
    }
