"""Checkpoints through a real broker: whole, or absent."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from charles import topics
from charles.checkpoints import packing, topic_readers
from charles.checkpoints.follower import ModelFollower
from charles.checkpoints.identity import STATE, WEIGHTS, ModelIdentity
from charles.checkpoints.integrity import Assembly, DamagedArtefact, MissingChunks, unpack
from charles.checkpoints.packing import CHUNK_BYTES, Arrays
from charles.checkpoints.pruning import Pruner
from charles.checkpoints.publish import publish as publish_checkpoint
from charles.checkpoints.publish import publisher as publisher_of
from charles.events import Checkpoint, DeadLetter, Span, WeightChunk, now
from charles.kafka import topic_admin
from charles.kafka.publisher import Publisher
from charles.kafka.transactions import Fenced, join, transaction
from charles.settings import Kafka
from infra.kafka.broker import LocalBroker
from tests.kafka_tools import events, read_all
from tests.logged import until

ARCHITECTURE = "a" * 64
Publish = Callable[..., Checkpoint]


def some_arrays(seed: int, size: int = 400_000) -> Arrays:
    """1.6 MB: four chunks."""
    rng = np.random.default_rng(seed)
    return {"kernel": rng.normal(size=size).astype(np.float32), "step": np.array(seed, np.int64)}


def same(a: Arrays, b: Arrays) -> bool:
    return a.keys() == b.keys() and all(
        a[n].dtype == b[n].dtype and a[n].shape == b[n].shape and a[n].tobytes() == b[n].tobytes() for n in a
    )


@pytest.fixture
def trainer(kafka: Kafka) -> Publisher:
    publisher = publisher_of(kafka, "pilot")
    join(publisher)
    return publisher


@pytest.fixture
def follower(kafka: Kafka) -> Iterator[ModelFollower]:
    follower = ModelFollower(kafka, "pilot", ARCHITECTURE)
    yield follower
    follower.close()


def publish(publisher: Publisher, batch: int, arrays: Arrays | None = None, **changes: object) -> Checkpoint:
    with transaction(publisher):
        return send(publisher, batch, arrays, **changes)


def seen(kafka: Kafka, checkpoint: Checkpoint) -> None:
    """Wait until others can read it: a commit is told a moment before it is seen."""
    until(lambda: checkpoint in topic_readers.living(kafka))


def send(publisher: Publisher, batch: int, arrays: Arrays | None = None, **changes: object) -> Checkpoint:
    own = {name: changes.pop(name) for name in ("kind", "spans", "parents", "timeout_s") if name in changes}
    kind = own.pop("kind", WEIGHTS)
    facts = {"model": "pilot", "line": "pilot", "architecture": ARCHITECTURE, "picture": (96, 84)}
    who = ModelIdentity(**(facts | changes))
    return publish_checkpoint(publisher, who, kind, batch, some_arrays(batch) if arrays is None else arrays, **own)


def forge(kafka: Kafka, manifest: Checkpoint, chunks: list[WeightChunk]) -> Checkpoint:
    """Publish these chunks and a manifest that names them, as nobody should."""
    plain = Publisher(kafka, WeightChunk, Checkpoint)
    offsets: list[int] = []
    for chunk in chunks:
        chunk = dataclasses.replace(chunk, artefact=manifest.artefact)
        plain.send(topics.WEIGHTS, chunk, chunk.model, on_delivery=lambda _, m: offsets.append(m.offset() or 0))
    plain.flush()
    manifest = dataclasses.replace(manifest, first_offset=min(offsets, default=manifest.first_offset))
    plain.send(topics.MODELS, manifest, f"{manifest.model}@{manifest.batch}/{manifest.kind}")
    plain.flush()
    return manifest


def manifest_of(data: bytes, batch: int = 7, **changes: object) -> Checkpoint:
    honest = Checkpoint(
        model="pilot",
        line="pilot",
        kind=WEIGHTS,
        batch=batch,
        artefact=f"pilot@{batch}/weights/forged",
        architecture=ARCHITECTURE,
        picture_width=96,
        picture_height=84,
        time=now(),
        first_offset=0,
        chunks=len(packing.parts(data)),
        size=len(data),
        sha256=packing.digest(data),
        code="test",
        spans=[],
        parents=[],
    )
    return dataclasses.replace(honest, **changes)


dtypes = st.sampled_from([np.float32, np.float16, np.int64, np.uint8, np.bool_])
shapes = arrays_of.array_shapes(min_dims=0, min_side=0)
tensors = dtypes.flatmap(lambda dtype: arrays_of.arrays(dtype, shapes)).filter(lambda array: np.isfinite(array).all())


@given(st.dictionaries(st.text(min_size=1, max_size=20), tensors, max_size=5))
@settings(deadline=None)
def test_arrays_come_back_bit_by_bit(arrays: Arrays) -> None:
    assert same(unpack(packing.pack(arrays)), arrays)


@given(st.binary(max_size=300))
def test_junk_is_damaged_and_nothing_else_happens(data: bytes) -> None:
    if data != packing.pack({}):
        with pytest.raises(DamagedArtefact):
            unpack(data)


@given(st.data())
@settings(deadline=None)
def test_chunks_in_any_other_order_or_number_are_refused(data: st.DataObject) -> None:
    file = packing.pack(some_arrays(1))
    chunks = list(packing.chunks("pilot", "a", file))
    order = data.draw(st.lists(st.sampled_from(range(len(chunks))), max_size=6))
    assembly = Assembly(manifest_of(file))
    try:
        for index in order:
            assembly.add(chunks[index])
    except (DamagedArtefact, MissingChunks):
        assert order != list(range(len(order)))
    else:
        assert order == list(range(len(order)))
        assert assembly.complete == (len(order) == len(chunks))


@pytest.mark.parametrize(
    "lie",
    [{"chunks": 0}, {"chunks": 10**9}, {"size": 0}, {"size": 1 << 50, "chunks": 1 << 40}, {"first_offset": -2}],
)
def test_a_manifest_that_announces_the_impossible_is_damaged(lie: dict[str, int]) -> None:
    with pytest.raises(DamagedArtefact, match="announces"):
        Assembly(manifest_of(b"x" * 100, **lie))


def test_a_checkpoint_comes_back_bit_by_bit_with_its_lineage(kafka: Kafka, trainer: Publisher) -> None:
    spans = [Span("collector-1", "run-1", 61, 900, 17)]
    sent = publish(trainer, 3, spans=spans, parents=["pilot@0/weights/x"])
    publish(trainer, 3, kind=STATE, arrays=some_arrays(9))
    assert sent.chunks == 4
    assert topic_readers.newest(kafka, "pilot") == sent
    assert topic_readers.newest(kafka, "another") is None
    assert (sent.spans, sent.parents) == (spans, ["pilot@0/weights/x"])
    assert same(topic_readers.fetch(kafka, sent), some_arrays(3))
    state = topic_readers.newest(kafka, "pilot", STATE)
    assert state is not None
    assert same(topic_readers.fetch(kafka, state), some_arrays(9))


def test_a_follower_skips_to_the_newest_and_then_gets_each_as_it_comes(
    kafka: Kafka, trainer: Publisher, follower: ModelFollower
) -> None:
    for batch in (0, 100, 200):
        publish(trainer, batch)
        newest = publish(trainer, batch, kind=STATE)
    seen(kafka, newest)
    found = follower.poll(10)
    assert found is not None
    assert found[0].batch == 200
    assert same(found[1], some_arrays(200))
    assert follower.poll(0.2) is None
    publish(trainer, 300)
    found = follower.poll(10)
    assert found is not None
    assert found[0].batch == 300
    assert not any(follower.counts.values())


def test_nothing_of_an_aborted_checkpoint_is_seen(trainer: Publisher, follower: ModelFollower) -> None:
    publish(trainer, 0)

    def send_half_of_it() -> None:
        with transaction(trainer):
            send(trainer, 1)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        send_half_of_it()
    found = follower.poll(10)
    assert found is not None
    assert found[0].batch == 0
    assert follower.poll(0.5) is None


def test_what_is_missing_damaged_or_of_another_architecture_is_never_yielded(
    kafka: Kafka, trainer: Publisher, follower: ModelFollower
) -> None:
    whole = publish(trainer, 0)
    data = packing.pack(some_arrays(7))
    chunks = list(packing.chunks("pilot", "pilot@7/weights/forged", data))
    flipped = dataclasses.replace(chunks[1], data=b"\xff" + chunks[1].data[1:])
    longer = dataclasses.replace(chunks[-1], data=chunks[-1].data + b"x")
    counted = dataclasses.replace(chunks[2], count=99)
    junk = b"not safetensors" * 50_000
    junk_chunks = list(packing.chunks("pilot", "pilot@7/weights/forged", junk))

    forgeries = [
        (MissingChunks, forge(kafka, manifest_of(data, 1), [chunks[0], chunks[2], chunks[3]])),
        (MissingChunks, forge(kafka, manifest_of(data, 2), chunks[1:])),
        (MissingChunks, forge(kafka, manifest_of(data, 3, first_offset=10**6), [])),
        (DamagedArtefact, forge(kafka, manifest_of(data, 4), [chunks[0], flipped, *chunks[2:]])),
        (DamagedArtefact, forge(kafka, manifest_of(data, 5), [*chunks[:3], longer])),
        (DamagedArtefact, forge(kafka, manifest_of(data, 6), [*chunks[:2], counted, chunks[3]])),
        (DamagedArtefact, forge(kafka, manifest_of(junk, 8), junk_chunks)),
        (DamagedArtefact, forge(kafka, manifest_of(data, 9, size=len(data) - 1), chunks)),
    ]
    forge(kafka, manifest_of(data, 10, architecture="b" * 64), chunks)
    plain = Publisher(kafka)
    plain.send_bytes(topics.MODELS, "pilot@11/weights", b"\xc3\x01truncated")
    plain.flush()

    for error, manifest in forgeries:
        with pytest.raises(error):
            topic_readers.fetch(kafka, manifest)
    found = follower.poll(30)
    assert found is not None
    assert found[0] == whole
    assert follower.counts == {"missing": 3, "damaged": 5, "architecture": 1, "unreadable": 1}


def test_an_unreadable_chunk_is_a_dead_letter(kafka: Kafka, follower: ModelFollower) -> None:
    plain = Publisher(kafka, Checkpoint)
    plain.send_bytes(topics.WEIGHTS, "pilot", b"\xc3\x01truncated")
    plain.flush()
    forge(kafka, manifest_of(b"x" * (CHUNK_BYTES + 1)), [])
    assert follower.poll(3) is None
    assert follower.counts["damaged"] == 1
    follower.close()
    (letter,) = events(kafka, topics.DEADLETTER, DeadLetter)
    assert letter.topic.endswith(".weights")


def test_pruning_keeps_the_newest_of_each_kind_and_what_other_models_need(kafka: Kafka, trainer: Publisher) -> None:
    pruner = Pruner(kafka, "pilot", {WEIGHTS: 2, STATE: 1})
    other = publisher_of(kafka, "other")
    join(other)
    publish(trainer, 0)
    others = publish(other, 0, model="other")
    pruned = 0
    for batch in (1, 2, 3, 4):
        publish(trainer, batch)
        seen(kafka, publish(trainer, batch, kind=STATE))
        pruned += pruner.prune(trainer, wait_s=10)
    assert pruned == 6
    alive = [(c.model, c.batch, c.kind) for c in topic_readers.living(kafka)]
    assert alive == [("other", 0, WEIGHTS), ("pilot", 3, WEIGHTS), ("pilot", 4, WEIGHTS), ("pilot", 4, STATE)]
    assert same(topic_readers.fetch(kafka, others), some_arrays(0))

    first = read_all(kafka, topics.WEIGHTS)[0].offset()
    assert first == others.first_offset
    with transaction(other):
        other.send_bytes(topics.MODELS, "other@0/weights", None)
    pruner.prune(trainer)
    pruner.prune(trainer)
    oldest = next(c for c in topic_readers.living(kafka) if c.batch == 3)
    assert read_all(kafka, topics.WEIGHTS)[0].offset() == oldest.first_offset
    pruner.close()


@pytest.mark.slow
def test_a_broker_that_goes_away_before_the_chunks_are_read_makes_no_checkpoint_missing(
    own_broker: LocalBroker,
) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False))
    topic_admin.ensure(kafka)
    trainer = publisher_of(kafka, "pilot")
    join(trainer)
    manifest = publish(trainer, 20)
    follower = ModelFollower(kafka, "pilot", ARCHITECTURE)
    time.sleep(3)  # the manifest has been fetched, and waits in the client
    own_broker.stop()
    with pytest.raises(TimeoutError, match="no broker answers"):
        follower.poll(1)
    own_broker.start(detached=False)
    found = follower.poll(1)
    assert found is not None
    assert found[0] == manifest
    assert same(found[1], some_arrays(20))
    follower.close()


def test_a_second_publisher_of_the_same_model_fences_the_first(kafka: Kafka, trainer: Publisher) -> None:
    publish(trainer, 0)
    second = publisher_of(kafka, "pilot")
    join(second)
    with pytest.raises(Fenced, match="taken over"):
        publish(trainer, 1)
    publish(second, 1)
    newest = topic_readers.newest(kafka, "pilot")
    assert newest is not None
    assert newest.batch == 1
