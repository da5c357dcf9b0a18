"""Frames that are read again from the log: which of them together, and that they are the right ones."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest
from confluent_kafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from charles import topics
from charles.balancing.frame_store import FrameStore, Place, sweeps
from charles.events import Frame, now
from charles.kafka.clients import admin, name
from charles.kafka.publisher import Publisher
from charles.kafka.schemas import SchemaStore
from charles.kafka.topic_admin import resolve
from charles.settings import Kafka
from stream_jobs.balancer.topic_frames import TopicFrames

places = st.sets(st.tuples(st.integers(0, 2), st.integers(0, 200))).map(sorted)


@given(places, st.integers(1, 50))
def test_a_sweep_goes_on_as_long_as_the_next_place_is_near(found: list[Place], seek_beyond: int) -> None:
    cut = sweeps(found, seek_beyond)
    assert [place for sweep in cut for place in sweep] == found
    for sweep in cut:
        steps = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(sweep)]
        assert all(partition == 0 and step < seek_beyond for partition, step in steps)
    for before, after in itertools.pairwise(cut):
        assert before[-1][0] != after[0][0] or after[0][1] - before[-1][1] >= seek_beyond


def picture(partition: int, offset: int) -> bytes:
    return f"{partition} {offset} ".encode() * 20


@pytest.fixture
def log(kafka: Kafka) -> Kafka:
    """Two partitions with 1,000 frames each."""
    publisher, schemas = Publisher(kafka, Frame), SchemaStore(kafka)
    for partition in range(2):
        for offset in range(1000):
            frame = Frame("c", "r", offset, now(), picture(partition, offset), 1, 1, 0, 0)
            value = schemas.encode(frame, name(kafka, topics.FRAMES))
            publisher.send_bytes(topics.FRAMES, "c", value, partition=partition)
    assert publisher.flush() == 0
    return kafka


@pytest.fixture
def store(log: Kafka) -> Iterator[FrameStore]:
    made = FrameStore(TopicFrames(log, SchemaStore(log)), 256 << 20)
    yield made
    made.close()


def drop(kafka: Kafka, before: int) -> None:
    """As retention does."""
    client = admin(kafka)
    resolve(client.delete_records([TopicPartition(name(kafka, topics.FRAMES), 0, before)]))


def test_frames_come_from_wherever_they_lie(store: FrameStore) -> None:
    rng = random.Random(1)
    wanted = [(rng.randrange(2), rng.randrange(1000)) for _ in range(40)]
    assert store.get(wanted) == {place: picture(*place) for place in wanted}


def test_what_retention_has_passed_and_what_never_was_is_left_out(log: Kafka, store: FrameStore) -> None:
    drop(log, 500)
    assert store.get([(0, 7), (0, 499), (0, 500), (0, 5000), (1, 7)]).keys() == {(0, 500), (1, 7)}


def test_what_waits_close_by_is_read_at_once(log: Kafka, store: FrameStore) -> None:
    near, far = [(0, offset) for offset in range(0, 300, 10)], (0, 800)
    store.hold([*near, far])
    assert store.get(near[:1]).keys() == {near[0]}
    drop(log, 1000)
    assert store.get([*near, far]) == {place: picture(*place) for place in near}


@pytest.mark.parametrize("held_bytes", [0, 100_000])
def test_nothing_is_read_ahead_where_there_is_no_room_for_it(log: Kafka, held_bytes: int) -> None:
    small = FrameStore(TopicFrames(log, SchemaStore(log)), held_bytes)
    near = [(0, offset) for offset in range(0, 300, 10)]
    small.hold(near)
    assert small.get(near[:1]) == {near[0]: picture(*near[0])}
    drop(log, 1000)
    assert small.get(near[1:]) == {}
    small.close()
