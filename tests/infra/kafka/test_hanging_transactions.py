"""Transactions that a broker forgot to end: see charles/kafka/transactions.py."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import NewTopic, OffsetSpec

from charles import topics
from charles.kafka.clients import admin, consumer, group, name
from charles.kafka.publisher import Publisher
from charles.kafka.transactions import end_hanging, join, transaction
from charles.settings import Kafka
from charles.topics import Topic
from tests.infra.kafka.test_three_brokers import cluster
from tests.kafka_tools import read_all
from tests.logged import until
from tests.patience import PATIENCE_S
from tests.programs import StopWhen

HERE, AWAY = topics.MODELS, topics.WEIGHTS
NOBODY = -1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9 there")
def test_a_transaction_that_a_broker_forgot_to_end_is_ended_by_the_next_life_of_its_program(tmp_path: Path) -> None:
    """A partition whose only broker is killed has no leader while the others end the transaction."""
    with cluster(tmp_path) as nodes:
        kafka = Kafka(bootstrap_servers=",".join(node.bootstrap for node in nodes.values()))
        victim = place_alone(kafka)
        first = Publisher(kafka, **{"transactional.id": group(kafka, "program")})
        join(first)
        with transaction(first, PATIENCE_S):
            first.send_bytes(AWAY, "key", b"value", partition=0)
            assert first.flush(30) == 0
            nodes[victim].kill()
        until(lambda: leader(kafka, AWAY) == NOBODY, PATIENCE_S)
        nodes[victim].start()
        until(lambda: end(kafka, AWAY, IsolationLevel.READ_UNCOMMITTED) > 0, PATIENCE_S)
        StopWhen()(3.0)  # a marker may be on its way
        if stable(kafka, AWAY):
            pytest.skip("this Kafka forgets nothing: charles/kafka/transactions.py needs no end_hanging() for it")
        second = Publisher(kafka, **{"transactional.id": group(kafka, "program")})
        join(second)
        end_hanging(second, [(AWAY, 0), (HERE, 0)])
        until(lambda: stable(kafka, AWAY) and stable(kafka, HERE), PATIENCE_S)


def test_what_was_not_left_open_stays_as_it_is(kafka: Kafka) -> None:
    publisher = Publisher(kafka, **{"transactional.id": group(kafka, "program")})
    place = TopicPartition(name(kafka, topics.FRAMES), 0, 5)
    with closing(consumer(kafka, "readers")) as member:
        join(publisher)
        with transaction(publisher):
            publisher.send_bytes(topics.BALANCED, "key", b"value")
            publisher.producer.send_offsets_to_transaction([place], member.consumer_group_metadata(), 10)
        end_hanging(publisher, [(topics.BALANCED, 0)], [place], member.consumer_group_metadata())
        with transaction(publisher):
            publisher.send_bytes(topics.BALANCED, "key", b"another")
        until(lambda: stable(kafka, topics.BALANCED))
        assert member.committed([place], timeout=10)[0].offset == 5
    assert [message.value() for message in read_all(kafka, topics.BALANCED)] == [b"value", b"another"]


def place_alone(kafka: Kafka) -> int:
    """Make both topics, one of them on a single broker, which does not coordinate; returns that broker."""
    client = admin(kafka)
    numbers = sorted(client.list_topics(timeout=30).brokers)
    victim = numbers[-1]
    wanted = [
        NewTopic(name(kafka, AWAY), num_partitions=1, replica_assignment=[[victim]]),
        NewTopic(name(kafka, HERE), num_partitions=1, replication_factor=3),
        NewTopic(name(kafka, topics.SCHEMAS), num_partitions=1, replication_factor=3),
    ]
    for future in client.create_topics(wanted).values():
        future.result(60)
    until(lambda: all(end(kafka, topic, IsolationLevel.READ_UNCOMMITTED) >= 0 for topic in (AWAY, HERE)), PATIENCE_S)
    return victim


def end(kafka: Kafka, topic: Topic, level: IsolationLevel) -> int:
    """Where its partition ends, for those who read so; -1 where nobody knows."""
    place, client = TopicPartition(name(kafka, topic), 0), admin(kafka)
    try:
        futures = client.list_offsets({place: OffsetSpec.latest()}, isolation_level=level, request_timeout=5)
        return int(futures[place].result(10).offset)
    except KafkaException:
        return -1


def leader(kafka: Kafka, topic: Topic) -> int:
    return int(admin(kafka).list_topics(timeout=30).topics[name(kafka, topic)].partitions[0].leader)


def stable(kafka: Kafka, topic: Topic) -> bool:
    """Whether no transaction is open in it."""
    return end(kafka, topic, IsolationLevel.READ_COMMITTED) == end(kafka, topic, IsolationLevel.READ_UNCOMMITTED)
