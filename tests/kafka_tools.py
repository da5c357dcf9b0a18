"""What tests need around a real broker: read a topic to its end, decode it, run programs, kill brokers."""

from __future__ import annotations

from typing import TypeVar

import psutil
from confluent_kafka import KafkaError, Message, TopicPartition

from charles.kafka.clients import consumer, name
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka
from charles.topics import Topic
from infra.kafka.broker import LocalBroker

__all__ = ["events", "headers", "kill", "read_all"]

EventT = TypeVar("EventT")


def read_all(kafka: Kafka, topic: Topic, *, read_committed: bool = True, timeout_s: float = 20.0) -> list[Message]:
    """Every message of a topic, from its start to its present end, in the order of each partition.

    read_committed: as programs do; else also what aborted transactions wrote. Raises TimeoutError.
    """
    properties = {
        "enable.partition.eof": True,
        "isolation.level": "read_committed" if read_committed else "read_uncommitted",
        "fetch.wait.max.ms": 10,  # the end of a topic is told when a fetch comes back
    }
    reader = consumer(kafka, "test-read-all", **properties)
    full = name(kafka, topic)
    try:
        partitions = reader.list_topics(full, timeout=timeout_s).topics[full].partitions
        reader.assign([TopicPartition(full, partition, 0) for partition in partitions])
        found, unfinished = [], set(partitions)
        while unfinished:
            message = reader.poll(timeout_s)
            if message is None:
                raise TimeoutError(f"{full} could not be read to its end within {timeout_s:g} s")
            error = message.error()
            if error is None:
                found.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                unfinished.discard(message.partition())
            else:
                raise RuntimeError(error.str())
        return found
    finally:
        reader.close()


def events(kafka: Kafka, topic: Topic, event: type[EventT], *, read_committed: bool = True) -> list[EventT]:
    """Every event of a topic, decoded. Raises codec.Unreadable."""
    schemas = SchemaStore(kafka)
    return [schemas.decode(event, message.value()) for message in read_all(kafka, topic, read_committed=read_committed)]


def kill(broker: LocalBroker) -> None:
    """As kill -9 does: without a farewell."""
    process = psutil.Process(broker.status().pid)
    process.kill()
    process.wait(10)


def headers(message: Message) -> dict[str, str]:
    """A message's headers as text."""
    return {key: value.decode() for key, value in message.headers() or ()}
