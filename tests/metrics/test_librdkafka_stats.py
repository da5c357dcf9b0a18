"""librdkafka's statistics, from real clients on a real broker."""

from __future__ import annotations

import time
import uuid

import pytest
from confluent_kafka import TopicPartition

from charles import topics
from charles.kafka.clients import consumer, name, producer
from charles.kafka.process_state import process
from charles.kafka.publisher import Publisher
from charles.metrics.librdkafka_stats import LibrdkafkaStats
from charles.metrics.table import COMMON
from charles.settings import Kafka
from tests.patience import PATIENCE_S


@pytest.fixture
def told(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> Kafka:
    """A cluster whose clients tell their statistics, several times a second."""
    monkeypatch.setattr(process, "_statistics", {})
    process.tell_statistics(LibrdkafkaStats(kafka.prefix), 0.1)
    return kafka


def value(metric: str, topic: str = "") -> float:
    return COMMON.get_sample_value(metric, {"topic": topic} if topic else {}) or 0.0


def test_without_a_page_clients_are_not_asked_for_statistics() -> None:
    assert process.measured() == {}


def test_what_was_sent_and_read_and_what_is_still_to_be_read(told: Kafka) -> None:
    full, batch = name(told, topics.TRAINING), 50
    sent, sent_bytes = value("rdkafka_sent_messages_total", "training"), value("rdkafka_sent_bytes_total", "training")
    received = value("rdkafka_received_messages_total", "training")
    writer = producer(told, **process.measured())
    for _ in range(batch):
        writer.produce(full, b"x" * 1000)
    reader = consumer(told, uuid.uuid4().hex, **process.measured())
    reader.assign([TopicPartition(full, 0, 0)])
    read, round_trips, deadline = 0, [], time.monotonic() + PATIENCE_S
    while read < 20 and time.monotonic() < deadline:
        writer.poll(0.05)
        read += len(reader.consume(20 - read, timeout=0.05))
        round_trips.append(value("rdkafka_round_trip_seconds"))
    reader.pause(reader.assignment())  # what is polled now is what it tells of itself, no records

    def all_told() -> bool:
        return (
            value("rdkafka_sent_messages_total", "training") == sent + batch
            and value("rdkafka_received_messages_total", "training") == received + batch
            and value("rdkafka_consumer_lag_messages", "training") == batch - 20
            and value("rdkafka_queued_messages") == 0
        )

    while not (all_told() and any(0 < each < PATIENCE_S for each in round_trips)) and time.monotonic() < deadline:
        writer.poll(0.05)
        assert reader.poll(0.05) is None
        round_trips.append(value("rdkafka_round_trip_seconds"))
    reader.close()
    assert all_told()
    assert any(0 < each < PATIENCE_S for each in round_trips)
    assert value("rdkafka_sent_bytes_total", "training") >= sent_bytes + 1000 * batch


def test_what_a_publisher_tells_does_not_pile_up_in_it_while_it_has_nothing_to_send(told: Kafka) -> None:
    texts: list[str] = []
    process.tell_statistics(texts.append, 0.05)
    idle = Publisher(told, **process.measured())
    deadline = time.monotonic() + PATIENCE_S
    while len(texts) < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
        process.poll_measured()
    assert len(texts) >= 5
    assert len(idle.producer) == 0
