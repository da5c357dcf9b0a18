"""Checkpoints: weights, or a trainer's state, as messages.

An artefact is a safetensors file in chunks on the topic `weights`, and then one manifest on the topic `models`, all in
one Kafka transaction. The manifest says where the first chunk lies, how many there are and their digest, so that a
reader goes straight to them and yields a checkpoint whole or not at all. A tombstone on `models` prunes.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence

from confluent_kafka import KafkaError, Message

from charles import topics
from charles.checkpoints import packing
from charles.checkpoints.packing import Arrays, Damaged, Missing
from charles.checkpoints.topic_readers import Chunks, Manifests
from charles.control.link import VERSION
from charles.events import Checkpoint, Span, WeightChunk, now
from charles.kafka.clients import BrokerUnavailable, group, measured, name
from charles.kafka.dead_letters import DeadLetters
from charles.kafka.publisher import Publisher
from charles.kafka.transactions import NotCommitted
from charles.labels.outputs import OUTPUTS
from charles.settings import Kafka

__all__ = [
    "STATE",
    "WEIGHTS",
    "Arrays",
    "Damaged",
    "Missing",
    "ModelFollower",
    "fetch",
    "living",
    "newest",
    "publish",
    "publisher",
]

log = logging.getLogger(__name__)

WEIGHTS = "weights"
STATE = "state"


def key(manifest: Checkpoint) -> str:
    return f"{manifest.model}@{manifest.batch}/{manifest.kind}"


def publisher(kafka: Kafka, model: str) -> Publisher:
    """The one publisher of a model's checkpoints: join() it, and another one of this model is fenced."""
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
        **measured(),
    )


def publish(
    publisher: Publisher,
    arrays: Arrays,
    *,
    model: str,
    line: str,
    kind: str,
    batch: int,
    architecture: str,
    picture: tuple[int, int],
    outputs: Sequence[str] = OUTPUTS,
    frames: int = 1,
    epoch: int = -1,
    spans: Sequence[Span] = (),
    parents: Sequence[str] = (),
    timeout_s: float = 20.0,
) -> Checkpoint:
    """Send an artefact and its manifest within the transaction that the caller has begun; returns the manifest.

    kind: WEIGHTS or STATE; picture: (width, height), pixels. Raises NotCommitted when the chunks are not acknowledged
    within timeout_s (the caller's transaction is then aborted).
    """
    artefact = f"{model}@{batch}/{kind}/{uuid.uuid4().hex[:8]}"
    data = packing.pack(arrays)
    offsets: list[int] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is None:
            offsets.append(message.offset() or 0)

    count = 0
    for chunk in packing.chunks(model, artefact, data):
        publisher.send(topics.WEIGHTS, chunk, model, on_delivery=delivered)
        count += 1
    sha256 = packing.digest(data)  # here, while the chunks are on their way
    publisher.flush(timeout_s)  # an offset is known once it is acknowledged, before the transaction ends
    if len(offsets) < count:
        raise NotCommitted(f"{count - len(offsets)} of {count} chunks of {artefact} were not acknowledged")
    manifest = Checkpoint(
        model=model,
        line=line,
        kind=kind,
        batch=batch,
        artefact=artefact,
        architecture=architecture,
        picture_width=picture[0],
        picture_height=picture[1],
        time=now(),
        first_offset=min(offsets),
        chunks=count,
        size=len(data),
        sha256=sha256,
        code=VERSION,
        spans=list(spans),
        parents=list(parents),
        outputs=list(outputs),
        frames=frames,
        epoch=epoch,
    )
    publisher.send(topics.MODELS, manifest, key(manifest))
    return manifest


def living(kafka: Kafka) -> list[Checkpoint]:
    """Every manifest that no tombstone has pruned, of all models and kinds, the newest last.

    Raises BrokerUnavailable when the topic cannot be read to its end within 30 s.
    """
    manifests = Manifests(kafka)
    try:
        deadline = time.monotonic() + 30
        while not manifests.read(0.5):
            if time.monotonic() > deadline:
                raise BrokerUnavailable(f"the topic {name(kafka, topics.MODELS)} could not be read within 30 s")
        return [manifest for _, manifest in manifests.living.values()]
    finally:
        manifests.close()


def newest(kafka: Kafka, model: str, kind: str = WEIGHTS) -> Checkpoint | None:
    """The manifest of a model that was published last, None where there is none. Raises BrokerUnavailable."""
    found = [manifest for manifest in living(kafka) if manifest.model == model and manifest.kind == kind]
    return found[-1] if found else None


def fetch(kafka: Kafka, manifest: Checkpoint) -> Arrays:
    """The arrays of a checkpoint. Raises Missing (chunks are not there), Damaged (they are not as it says), and
    TimeoutError where no broker answers."""
    chunks = Chunks(kafka)
    try:
        return chunks.fetch(manifest)
    finally:
        chunks.close()


class ModelFollower:
    """Yields a model's checkpoints as they appear: whole, undamaged, of the one architecture, always the newest.

    counts: what was passed over, by reason: unreadable, architecture, missing, damaged.
    """

    def __init__(self, kafka: Kafka, model: str, architecture: str, program: str = "player") -> None:
        self._model = model
        self._architecture = architecture
        dead_letters = DeadLetters(kafka, program)
        self._manifests = Manifests(kafka, dead_letters)
        self._chunks = Chunks(kafka, dead_letters)
        self._yielded = -1  # offset of the manifest that was yielded last
        self._interrupted = False  # by a broker that went away while chunks were read
        self._refused: set[str] = set()
        self._refusals: Counter[str] = Counter()

    @property
    def counts(self) -> dict[str, int]:
        return {**self._refusals, "unreadable": self._manifests.unreadable}

    def poll(self, timeout_s: float = 0.0) -> tuple[Checkpoint, Arrays] | None:
        """A newer checkpoint than the last one; None when none came within timeout_s. Fetching takes its own time.

        Raises KafkaException and TimeoutError while the broker is away; nothing is passed over for that.
        """
        deadline = time.monotonic() + timeout_s
        while self._manifests.read(max(deadline - time.monotonic(), 0.0)) or self._interrupted:
            self._interrupted = True
            for offset, manifest in self._newer():
                try:
                    arrays = self._fetch(manifest)
                except (Damaged, Missing) as problem:
                    self._refuse(manifest, problem)
                else:
                    self._yielded, self._interrupted = offset, False
                    return manifest, arrays
            self._interrupted = False
        return None

    def close(self) -> None:
        self._manifests.close()
        self._chunks.close()

    def _newer(self) -> Iterator[tuple[int, Checkpoint]]:
        self._refused &= {manifest.artefact for _, manifest in self._manifests.living.values()}
        for offset, manifest in reversed(self._manifests.living.values()):
            if offset <= self._yielded:
                return
            wanted = manifest.model == self._model and manifest.kind == WEIGHTS
            if wanted and manifest.artefact not in self._refused:
                yield offset, manifest

    def _fetch(self, manifest: Checkpoint) -> Arrays:
        if manifest.architecture != self._architecture:
            raise _AnotherArchitecture(
                f"it is of architecture {manifest.architecture[:12]} (line {manifest.line}, pictures "
                f"{manifest.picture_width}x{manifest.picture_height}, outputs {' '.join(manifest.outputs)}), "
                f"not {self._architecture[:12]}"
            )
        return self._chunks.fetch(manifest)

    def _refuse(self, manifest: Checkpoint, problem: Damaged | Missing) -> None:
        reason = {Missing: "missing", Damaged: "damaged"}.get(type(problem), "architecture")
        self._refusals[reason] += 1
        self._refused.add(manifest.artefact)
        log.warning("%s is passed over: %s", manifest.artefact, problem)


class _AnotherArchitecture(Damaged):
    pass
