"""What topics hold, and what is recorded of them, in one form; and who writes into them."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import TopicPartition

from charles import topics
from charles.kafka import topic_admin
from charles.kafka.clients import admin, name, producer
from charles.kafka.publisher import Publisher
from charles.kafka.transactions import join, transaction
from charles.recordings.format.layout import MANIFEST
from charles.recordings.format.reader import Recording
from charles.settings import Kafka
from charles.topics import Topic
from tests.kafka_tools import read_all

Told = tuple[int, int, int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]
"""Offset, type of the timestamp, timestamp, key, value, headers."""
Rows = dict[tuple[str, int], list[Told]]

BEGAN = round(time.time() * 1000) - 3_600_000
"""The first record's timestamp."""


class Undone(Exception):
    """A transaction is aborted."""


def in_topics(kafka: Kafka, *read: Topic) -> Rows:
    """What an ordinary consumer reads, by topic and partition; without the partitions that are empty."""
    found: Rows = {}
    for topic in read:
        for message in read_all(kafka, topic):
            kind, timestamp = message.timestamp()
            headers: Any = list(message.headers() or [])
            row: Any = (message.offset(), kind, timestamp, message.key(), message.value(), headers)
            found.setdefault((topic.name, message.partition() or 0), []).append(row)
    return found


def in_recording(folder: Path) -> Rows:
    """The same of what is recorded."""
    recording, found = Recording.open(folder), {}
    for topic in recording.topics:
        for partition in recording.partitions(topic):
            rows = [
                (each.offset, each.timestamp_type, each.timestamp, each.key, each.value, list(each.headers))
                for each in recording.read(topic, partition)
            ]
            if rows:
                found[topic, partition] = rows
    return found


def count(rows: Rows) -> int:
    return sum(map(len, rows.values()))


def recorded(folder: Path) -> int:
    """How many records are; 0 where there is no recording yet."""
    return count(in_recording(folder)) if (folder / MANIFEST).exists() else 0


def send(kafka: Kafka, topic: Topic, count: int, first: int = 0, size: int = 100, partition: int = -1) -> None:
    """So many records with headers, until they are acknowledged."""
    sender = producer(kafka)
    for number in range(first, first + count):
        _send_odd(sender, name(kafka, topic), number, size, partition)
    assert sender.flush(30) == 0


def delete_up_to(kafka: Kafka, topic: Topic, partition: int, offset: int) -> None:
    """As retention does."""
    client = admin(kafka)
    topic_admin.resolve(client.delete_records([TopicPartition(name(kafka, topic), partition, offset)]))


@contextmanager
def writers(kafka: Kafka) -> Iterator[None]:
    """Two producers write until the block ends: a plain one into frames and controls, and one that sends transactions
    into balanced, of which it aborts every fourth."""
    over = threading.Event()
    failed: list[BaseException] = []

    def guarded(write: Any) -> None:
        try:
            write(kafka, over)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(write,)) for write in (_write_plainly, _write_transactions)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not failed, failed


def _write_plainly(kafka: Kafka, over: threading.Event) -> None:
    sender, chance, number = producer(kafka), random.Random(1), 0
    while not over.wait(0.01):
        for topic in (topics.FRAMES, topics.CONTROLS):
            for _ in range(chance.randrange(5)):
                _send_odd(sender, name(kafka, topic), number, chance.randrange(5_000))
                number += 1
        sender.poll(0)
    assert sender.flush(30) == 0


def _write_transactions(kafka: Kafka, over: threading.Event) -> None:
    publisher = Publisher(kafka, **{"transactional.id": f"{kafka.prefix}.test"})
    join(publisher)
    number = 0
    while not over.wait(0.02):
        try:
            with transaction(publisher):
                for _ in range(3):
                    _send_odd(publisher.producer, name(kafka, topics.BALANCED), number, 2_000)
                    number += 1
                if number % 4 == 0:
                    raise Undone
        except Undone:
            pass


def _send_odd(sender: Any, full: str, number: int, size: int, partition: int = -1) -> None:
    """Keys, values and headers of every kind, by the number."""
    key = [b"collector-1", b"\xff\x00", b"", None][number % 4]
    value = [b"\1" + number.to_bytes(8, "big") + bytes(size), b"", None][0 if number % 7 else number % 3]
    headers = [("tick", str(number).encode()), ("tick", b"\xff"), ("Größe", None), ("", b"")][: number % 5]
    while True:
        try:
            sender.produce(full, value, key, partition, headers=headers, timestamp=BEGAN + number * 33)
        except BufferError:
            sender.poll(0.1)
        else:
            return
