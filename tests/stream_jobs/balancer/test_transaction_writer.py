"""Transactions that are written beside the loop: whole or not at all, in order, no more than the client can send."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from confluent_kafka import Consumer, TopicPartition

from charles import topics
from charles.kafka.clients import consumer, group, name
from charles.kafka.publisher import Publisher
from charles.kafka.reading import read_to_end
from charles.kafka.transactions import Fenced, MemberReplaced, join
from charles.settings import Kafka
from stream_jobs.balancer.transaction_writer import PROPERTIES, OutputRecord, TransactionWriter
from tests.logged import until

CLIENT_BYTES = 4_000_000


@contextmanager
def writing(kafka: Kafka, ended: list[float] | None = None) -> Iterator[TransactionWriter]:
    publisher = Publisher(kafka, **{"transactional.id": group(kafka, "writer")}, **PROPERTIES)
    join(publisher)
    writer = TransactionWriter(publisher, ([] if ended is None else ended).append)
    try:
        yield writer
    finally:
        writer.close()


def samples(*numbers: int, size: int = 10) -> list[OutputRecord]:
    return [(topics.BALANCED, str(number), bytes(size), -1, {"tick": str(number)}) for number in numbers]


def offsets_of(kafka: Kafka, offset: int) -> tuple[list[TopicPartition], object]:
    """What the end of a transaction needs: input offsets, and whose they are."""
    member = consumer(kafka, "member").consumer_group_metadata()
    return [TopicPartition(name(kafka, topics.FRAMES), 0, offset)], member


@contextmanager
def member_of(kafka: Kafka) -> Iterator[Consumer]:
    """A static member of the group, once it is assigned something."""
    with closing(consumer(kafka, "member", **{"group.instance.id": "one"})) as member:
        member.subscribe([name(kafka, topics.FRAMES)])
        until(lambda: member.poll(0.1) or member.assignment())
        yield member


def keep_sending(writer: TransactionWriter) -> None:
    """What goes wrong beside this thread is heard a moment later."""
    for _ in range(1000):
        writer.send(samples(2))
        time.sleep(0.01)


def committed(kafka: Kafka) -> list[str]:
    return [(message.key() or b"").decode() for message in read_to_end(kafka, name(kafka, topics.BALANCED))]


def test_what_is_sent_in_pieces_is_committed_with_the_offsets_in_one(kafka: Kafka) -> None:
    ended: list[float] = []
    with writing(kafka, ended) as writer:
        writer.send(samples(0, 1))
        writer.send(samples(2))
        writer.end(samples(3), *offsets_of(kafka, 7))
        writer.settle()
        assert committed(kafka) == ["0", "1", "2", "3"]
        writer.send(samples(4))
        writer.end([], *offsets_of(kafka, 9))
        writer.settle()
        assert committed(kafka) == ["0", "1", "2", "3", "4"]
    (place,) = consumer(kafka, "member").committed([TopicPartition(name(kafka, topics.FRAMES), 0)], timeout=10)
    assert place.offset == 9
    assert len(ended) == 2


def test_what_was_not_ended_is_not_there(kafka: Kafka) -> None:
    with writing(kafka) as writer:
        writer.end(samples(0), *offsets_of(kafka, 1))
        writer.settle()
        writer.send(samples(1, 2))
    assert committed(kafka) == ["0"], "and nobody who reads what is committed waits for it"


def test_after_a_failure_nothing_more_is_written_and_every_call_says_so(kafka: Kafka) -> None:
    with writing(kafka) as writer:
        writer.end(samples(0), *offsets_of(kafka, 1))
        writer.settle()
        with writing(kafka) as other:  # of the same name: the first one is fenced
            writer.end(samples(1), *offsets_of(kafka, 2))
            with pytest.raises(Fenced):
                writer.settle()
            with pytest.raises(Fenced):
                keep_sending(writer)
            other.end(samples(3), *offsets_of(kafka, 3))
            other.settle()
    assert committed(kafka) == ["0", "3"]


def test_a_member_that_was_replaced_in_its_group_hears_so(kafka: Kafka) -> None:
    """Also where its consumer has not heard it: to begin again would replace the other one in turn."""
    places = [TopicPartition(name(kafka, topics.FRAMES), 0, 3)]
    with writing(kafka) as writer, member_of(kafka) as first:
        replaced = first.consumer_group_metadata()
        with member_of(kafka):
            writer.end(samples(0), places, replaced)
            with pytest.raises(MemberReplaced):
                writer.settle()
    assert committed(kafka) == []


def test_the_client_is_given_no_more_than_keeps_it_busy(kafka: Kafka) -> None:
    size, held = 40_000, []
    with writing(kafka) as writer:
        publisher = writer._publisher
        send = publisher.send_bytes

        def counted(*arguments: object, **options: object) -> None:
            send(*arguments, **options)  # type: ignore[arg-type]
            held.append(len(publisher.producer))

        publisher.send_bytes = counted  # type: ignore[method-assign]
        writer.send(samples(*range(1000), size=size))
        writer.end([], *offsets_of(kafka, 1))
        writer.settle()
    assert len(committed(kafka)) == 1000
    assert max(held) <= CLIENT_BYTES // size + 1
