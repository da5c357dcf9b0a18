"""Where runs lie, on a real broker."""

from __future__ import annotations

import time

import pytest
from confluent_kafka.admin import NewPartitions
from hypothesis import given
from hypothesis import strategies as st

from charles import topics
from charles.kafka import topic_admin
from charles.kafka.clients import admin, name, producer
from charles.settings import Kafka
from infra.kafka.broker import LocalBroker
from producers.collector.run_partitioner import RunPartitioner, partition_of
from producers.collector.sender import TickSender
from tests.kafka_tools import headers, kill, read_all
from tests.patience import PATIENCE_S
from tests.producers.collector.ticks import tick_of


def add_partitions(kafka: Kafka, topic: topics.Topic, count: int) -> None:
    client = admin(kafka)
    topic_admin.resolve(client.create_partitions([NewPartitions(name(kafka, topic), count)]))
    deadline = time.monotonic() + PATIENCE_S
    while topic_admin.partition_counts(client)[name(kafka, topic)] < count:
        assert time.monotonic() < deadline


def send(sender: TickSender, run: str, ticks: range) -> None:
    for tick in ticks:
        sender.send(*tick_of(tick, run=run))


def where(kafka: Kafka, topic: topics.Topic) -> dict[str, dict[int, list[int]]]:
    """The ticks of each run by partition."""
    found: dict[str, dict[int, list[int]]] = {}
    for message in read_all(kafka, topic):
        told = headers(message)
        found.setdefault(told["run"], {}).setdefault(message.partition() or 0, []).append(int(told["tick"]))
    return found


def test_a_key_leads_where_kafkas_own_clients_put_it(kafka: Kafka) -> None:
    keys = ["", "a", "ab", "abc", "abcd", *(f"collector-{number}" for number in range(40)), "Łódź-1", "車"]
    sender = producer(kafka)
    for key in keys:
        sender.produce(name(kafka, topics.FRAMES), key=key, value=b"")
    assert sender.flush(10) == 0
    found = {(message.key() or b"").decode(): message.partition() for message in read_all(kafka, topics.FRAMES)}
    del found[""]  # for an empty key the client draws a partition
    assert found == {key: partition_of(key, topics.FRAMES.partitions) for key in found}
    assert len(found) == len(keys) - 1


@given(st.text(), st.integers(1, 1000))
def test_every_name_leads_to_one_of_the_partitions(key: str, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions


def test_partitions_that_are_added_under_way_split_no_run_and_the_next_run_uses_them(kafka: Kafka) -> None:
    more = topics.FRAMES.partitions * 2
    before, after = partition_of("c-1", topics.FRAMES.partitions), partition_of("c-1", more)
    assert before != after, "the test wants a name that leads elsewhere"
    sender = TickSender(kafka, memory_mb=8)
    send(sender, "first", range(50))
    add_partitions(kafka, topics.FRAMES, more)
    send(sender, "first", range(50, 75))
    send(sender, "second", range(25))  # controls have as few as before
    add_partitions(kafka, topics.CONTROLS, more)
    send(sender, "second", range(25, 75))
    send(sender, "third", range(75))
    sender.close()

    whole = list(range(75))
    assert sender.dropped == 0
    expected = {"first": {before: whole}, "second": {before: whole}, "third": {after: whole}}
    assert where(kafka, topics.FRAMES) == expected
    assert where(kafka, topics.CONTROLS) == expected


@pytest.mark.slow
def test_a_run_that_begins_while_no_broker_answers_begins_at_once_where_the_last_one_was(
    own_broker: LocalBroker,
) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False))
    topic_admin.ensure(kafka)
    places = RunPartitioner(kafka, producer(kafka))
    first = places.of("c-1", "first")
    kill(own_broker)
    began = time.monotonic()
    assert places.of("c-1", "second") == first
    assert time.monotonic() - began < 2
