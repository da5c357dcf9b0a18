"""Balancing: the real balancer, beside a bare transactional loop that reads and writes as much.

The loop reads the same records, commits their offsets, and writes as many records of the same sizes and headers as the
balancer, samples and state, in transactions of the same length. It looks at nothing: what it writes is filler.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
from confluent_kafka import Message, TopicPartition

from benchmarks.drive import RUN, control, frame
from benchmarks.harness import Contest, Figures
from benchmarks.place import BenchPlace, defaults
from benchmarks.recordings import labels
from charles import topics
from charles.control.link import Link
from charles.events import Control, Frame
from charles.kafka import topic_admin
from charles.kafka.clients import admin, consumer, group, name, producer
from charles.kafka.publisher import Publisher
from charles.kafka.reading import read_to_end
from charles.pacing import Rate
from charles.settings import Kafka
from charles.topics import Topic
from stream_jobs.balancer.session import BalancerSession

TICKS = 10_000
FRAME_BYTES = 40_000
_COLLECTORS = ("collector-1", "collector-2")
Written = dict[Topic, list[tuple[int | None, Any]]]
"""Bytes of the values of a topic's records, None: a tombstone; and their headers."""
_LIKE_OURS = {"queue.buffering.max.kbytes": 131_072, "transaction.timeout.ms": 5000}


@contextmanager
def balance(place: BenchPlace) -> Iterator[Contest]:
    """Ticks a second through a log that lies there, and microseconds of processor time for each, from the second
    handful of records to the last commit; joining the group is not counted. Every round has a log of its own, which
    both sides read. emitted: the share of the ticks that is written to `balanced`."""
    ticks = place.count(TICKS)
    kafka = place.cluster()
    written: Written = {}

    def ours() -> Figures:
        nonlocal kafka, written
        _forget(kafka)
        kafka = place.cluster()
        _record(kafka, ticks)
        figures = _balance(kafka, 2 * ticks)
        written = {topic: _written(kafka, topic) for topic in (topics.BALANCED, topics.BALANCER_STATE)}
        return figures | {"emitted": len(written[topics.BALANCED]) / ticks}

    yield Contest(ours, lambda: _copy(kafka, ticks, written))


def _forget(kafka: Kafka) -> None:
    """Make room on the disk. The group still has its member, which will not come back."""
    big = [name(kafka, topic) for topic in (topics.FRAMES, topics.BALANCED)]
    client = admin(kafka)
    topic_admin.resolve(client.delete_topics(big))


class BalanceProgress(Rate):
    """Counts records as they are handled, and says when all are: as a program's Rate, and as its Stop."""

    def __init__(self, expected: int) -> None:
        super().__init__()
        self._expected = expected
        self._handled = 0
        self._first = 0
        self._began_s = self._began_cpu_s = 0.0

    def add(self, count: int = 1) -> None:
        super().add(count)
        self._handled += count
        if count and not self._first:
            self._first, self._began_s, self._began_cpu_s = count, time.perf_counter(), time.process_time()

    def __call__(self, wait_s: float = 0.0) -> bool:
        if self._handled < self._expected:
            time.sleep(wait_s)
        return self._handled >= self._expected

    def figures(self) -> dict[str, float]:
        """Until now, since the first records were handled, which do not count. Two records are a tick."""
        ticks = max(self._handled - self._first, 1) / 2
        cpu_s = time.process_time() - self._began_cpu_s
        return {"": ticks / (time.perf_counter() - self._began_s), "CPU": cpu_s / ticks * 1e6}


def _record(kafka: Kafka, ticks: int) -> None:
    """What two collectors published. The pictures are noise: nobody looks at them."""
    rng = np.random.default_rng(1)
    pictures = [rng.bytes(FRAME_BYTES) for _ in range(50)]
    publisher = Publisher(kafka, Frame, Control)
    for number, (pedals, steering) in enumerate(labels(ticks)):
        collector, tick = _COLLECTORS[number % 2], number // 2
        headers = {"collector": collector, "run": RUN, "tick": str(tick)}
        publisher.send(topics.FRAMES, frame(collector, tick, pictures[number % len(pictures)]), collector, headers)
        publisher.send(topics.CONTROLS, control(collector, tick, pedals, steering), collector, headers)
    if publisher.flush(60):
        raise TimeoutError("the log could not be written within a minute")


def _balance(kafka: Kafka, records: int) -> dict[str, float]:
    progress = BalanceProgress(records)
    with Link(defaults(kafka), "balancer", "balancer-1", progress) as link:  # type: ignore[arg-type]  # not a signal's
        link.rate = progress
        with closing(BalancerSession(link.begin(), link)) as session:
            session.run()
            return progress.figures()


def _written(kafka: Kafka, topic: Topic) -> list[tuple[int | None, Any]]:
    found = ((message.value(), message.headers()) for message in read_to_end(kafka, name(kafka, topic)))
    return [(None if value is None else len(value), headers) for value, headers in found]


def _copy(kafka: Kafka, ticks: int, written: Written) -> dict[str, float]:
    """A loop that consumes the same records, and writes records of these sizes, spread evenly over the ticks, in
    transactions of the balancer's length."""
    commit_s = defaults(kafka).balancer.commit_seconds
    frames = name(kafka, topics.FRAMES)
    writer = producer(kafka, **{"transactional.id": group(kafka, "bare"), **_LIKE_OURS})
    writer.init_transactions(30)
    reader = consumer(kafka, "bare")
    reader.assign(
        [TopicPartition(name(kafka, t), p, 0) for t in (topics.FRAMES, topics.CONTROLS) for p in range(t.partitions)]
    )
    progress, tick, next_commit = BalanceProgress(2 * ticks), 0, time.monotonic() + commit_s
    writer.begin_transaction()
    while not progress():
        messages = reader.consume(500, timeout=0.02)
        for message in messages:
            _value(message)
            if message.topic() != frames:
                continue
            for topic, records in written.items():
                for size, headers in records[tick * len(records) // ticks : (tick + 1) * len(records) // ticks]:
                    writer.produce(name(kafka, topic), key=message.key(), value=_filler(size), headers=headers)
                    writer.poll(0)
            tick += 1
        progress.add(len(messages))
        if time.monotonic() >= next_commit or progress():
            places = [place for place in reader.position(reader.assignment()) if place.offset >= 0]
            writer.send_offsets_to_transaction(places, reader.consumer_group_metadata())
            writer.commit_transaction()
            writer.begin_transaction()
            next_commit = time.monotonic() + commit_s
    figures = progress.figures()
    writer.abort_transaction()
    reader.close()
    return figures


@lru_cache
def _filler(size: int | None) -> bytes | None:
    return None if size is None else bytes(size)


def _value(message: Message) -> bytes:
    if message.error() is not None:
        raise RuntimeError(str(message.error()))
    return message.value() or b""
