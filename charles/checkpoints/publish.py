"""Publishes checkpoints: weights, or a trainer's state, as messages.

An artefact is a safetensors file in chunks on the topic `weights`, and then one manifest on the topic `models`, all in
one Kafka transaction. The manifest says where the first chunk is, how many there are, and their digest, so that a
reader goes straight to them and yields a checkpoint completely or not at all. A tombstone on `models` prunes a
checkpoint.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from confluent_kafka import KafkaError, Message

from charles import topics
from charles.checkpoints import packing
from charles.checkpoints.identity import ModelIdentity, key
from charles.checkpoints.packing import Arrays
from charles.events import Checkpoint, Span, WeightChunk
from charles.kafka.clients import group
from charles.kafka.process_state import process
from charles.kafka.publisher import Publisher
from charles.kafka.transactions import NotCommitted
from charles.settings import Kafka


def publisher(kafka: Kafka, model: str) -> Publisher:
    """The only publisher of a model's checkpoints: after join(), any other publisher of this model is fenced."""
    return Publisher(
        kafka,
        WeightChunk,
        Checkpoint,
        **{
            "transactional.id": group(kafka, f"trainer-{model}"),
            "transaction.timeout.ms": 30_000,
            "linger.ms": 0,
            "batch.size": 2_000_000,  # three chunks in one request
        },
        **process.measured(),
    )


def publish(
    publisher: Publisher,
    who: ModelIdentity,
    kind: str,
    batch: int,
    arrays: Arrays,
    *,
    spans: Sequence[Span] = (),
    parents: Sequence[str] = (),
    timeout_s: float = 20.0,
) -> Checkpoint:
    """Send an artefact and its manifest within the transaction that the caller has begun; returns the manifest.

    kind: WEIGHTS or STATE. Raises NotCommitted when the chunks are not acknowledged within timeout_s (the caller's
    transaction is then aborted).
    """
    artefact = f"{who.model}@{batch}/{kind}/{uuid.uuid4().hex[:8]}"
    data = packing.pack(arrays)
    offsets: list[int] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is None:
            offsets.append(message.offset() or 0)

    count = 0
    for chunk in packing.chunks(who.model, artefact, data):
        publisher.send(topics.WEIGHTS, chunk, who.model, on_delivery=delivered)
        count += 1
    sha256 = packing.digest(data)  # here, while the chunks are on their way
    publisher.flush(timeout_s)  # an offset is known once it is acknowledged, before the transaction ends
    if len(offsets) < count:
        raise NotCommitted(f"{count - len(offsets)} of {count} chunks of {artefact} were not acknowledged")
    place = {"first_offset": min(offsets), "chunks": count}
    manifest = who.manifest(kind, batch, artefact, size=len(data), sha256=sha256, spans=spans, parents=parents, **place)
    publisher.send(topics.MODELS, manifest, key(manifest))
    return manifest
