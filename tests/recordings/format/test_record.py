"""What a message of Kafka is as a record."""

from __future__ import annotations

import time

import pytest
from confluent_kafka import Message, Producer, TopicPartition

from charles import topics
from charles.kafka import clients as clients
from charles.recordings.format.record import Record, from_message
from charles.settings import Kafka
from tests.patience import PATIENCE_S


@pytest.mark.parametrize(
    ("headers", "moment"),
    [
        ((("collector", b"c"), ("run", b"r"), ("tick", b"7")), ("c", "r", 7)),
        ((("tick", b"1"), ("run", b"r"), ("collector", b"c"), ("tick", b"2")), ("c", "r", 2)),
        ((("collector", b"c"), ("run", b"r")), None),
        ((("collector", b"c"), ("run", None), ("tick", b"7")), None),
        ((("collector", b"c"), ("run", b"r"), ("tick", b"seven")), None),
        ((("collector", b"\xff"), ("run", b"r"), ("tick", b"7")), ("\ufffd", "r", 7)),
        ((), None),
    ],
)
def test_headers_say_whose_a_record_is_or_nobody_s(
    headers: tuple[tuple[str, bytes | None], ...], moment: tuple[str, str, int] | None
) -> None:
    assert Record(0, 0, 1, None, None, headers).moment == moment


def test_of_a_header_that_comes_twice_the_last_one_counts() -> None:
    twice = Record(0, 0, 1, None, None, (("a", b"1"), ("b", b""), ("a", b"2")))
    assert (twice.header("a"), twice.header("b"), twice.header("c")) == (b"2", b"", None)


def test_a_message_keeps_all_that_the_broker_has_of_it(kafka: Kafka) -> None:
    sent: list[dict[str, object]] = [
        {"key": b"k", "value": b"v", "headers": [("a", b"1"), ("ü", None), ("a", b""), ("a", b"1")], "timestamp": 5},
        {"key": None, "value": None, "headers": None, "timestamp": 1_700_000_000_123},
        {"key": b"", "value": b"", "headers": [], "timestamp": 1},
        {"key": bytes(range(256)), "value": bytes(range(256)) * 100, "headers": None, "timestamp": 2},
    ]
    topic = clients.name(kafka, topics.CONTROLS)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for each in sent:
        producer.produce(topic, partition=3, **each)  # type: ignore[arg-type]
    assert producer.flush(30) == 0
    got = [from_message(message) for message in read(kafka, topic, 3, len(sent))]
    assert got == [
        Record(offset, each["timestamp"], 1, each["key"], each["value"], tuple(each["headers"] or ()))  # type: ignore[arg-type, call-overload]
        for offset, each in enumerate(sent)
    ]


def read(kafka: Kafka, topic: str, partition: int, count: int) -> list[Message]:
    consumer = clients.consumer(kafka, "test-recordings")
    try:
        consumer.assign([TopicPartition(topic, partition, 0)])
        found: list[Message] = []
        deadline = time.monotonic() + PATIENCE_S
        while len(found) < count and time.monotonic() < deadline:
            found += [message for message in consumer.consume(count, timeout=1) if message.error() is None]
        return found
    finally:
        consumer.close()
