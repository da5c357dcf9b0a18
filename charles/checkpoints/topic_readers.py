"""Reads checkpoints from the topics `models` (manifests) and `weights` (chunks)."""

from __future__ import annotations

import time
from collections.abc import Iterator

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from charles import topics
from charles.avro.codec import SchemaUnavailable, Unreadable
from charles.checkpoints.identity import WEIGHTS
from charles.checkpoints.integrity import Assembly, DamagedArtefact, MissingChunks
from charles.checkpoints.packing import Arrays
from charles.events import Checkpoint, WeightChunk
from charles.kafka.clients import BrokerUnavailable, answers, consumer, name
from charles.kafka.dead_letters import DeadLetters
from charles.kafka.reading import polled, records
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka
from charles.topics import Topic

_PATIENCE_S = 2.0  # a manifest can be seen a moment before its chunks: the two partitions commit one after the other


class Manifests:
    """The topic `models` from its start.

    living: the manifests that no tombstone has pruned, by key, with their offsets; the newest last.
    """

    def __init__(self, kafka: Kafka, dead_letters: DeadLetters | None = None) -> None:
        self.living: dict[bytes, tuple[int, Checkpoint]] = {}
        self.unreadable = 0
        self._dead_letters = dead_letters
        self._schemas = SchemaStore(kafka)
        self._at_end = False
        """Of the log, as far as the client has fetched it: more may have come in since it said so."""
        self._consumer = _tail(kafka, topics.MODELS, OFFSET_BEGINNING)

    def read(self, timeout_s: float) -> bool:
        """Read new manifests, waiting up to timeout_s; returns whether any came and the end was reached."""
        self._at_end, deadline = False, time.monotonic() + timeout_s

        def poll() -> Message | None:
            return self._consumer.poll(0.0 if self._at_end else max(deadline - time.monotonic(), 0.0))

        for message in records(iter(poll, None), self._reached):
            self._at_end = False
            try:
                self._take(message)
            except SchemaUnavailable:
                self._consumer.seek(TopicPartition(str(message.topic()), 0, message.offset() or 0))  # it is read again
                raise
        return self._at_end

    def close(self) -> None:
        self._consumer.close()

    def _reached(self, _end: Message) -> None:
        self._at_end = True

    def _take(self, message: Message) -> None:
        key = message.key() or b""
        key = key.encode() if isinstance(key, str) else key
        if message.value() is None:
            self.living.pop(key, None)
            return
        try:
            manifest = self._schemas.decode(Checkpoint, message.value())
        except Unreadable as problem:
            self.unreadable += 1
            if self._dead_letters is not None:
                self._dead_letters.send(message, str(problem))
            return
        self.living.pop(key, None)  # so that it moves to the end
        self.living[key] = (message.offset() or 0, manifest)


class Chunks:
    """Reads artefacts from the topic `weights`."""

    def __init__(self, kafka: Kafka, dead_letters: DeadLetters | None = None) -> None:
        self._topic = name(kafka, topics.WEIGHTS)
        self._dead_letters = dead_letters
        self._schemas = SchemaStore(kafka)
        self._consumer = _tail(kafka, topics.WEIGHTS, None)

    def fetch(self, manifest: Checkpoint) -> Arrays:
        """The arrays of a checkpoint. Raises MissingChunks or DamagedArtefact, and TimeoutError if no broker
        answers."""
        assembly = Assembly(manifest)
        self._consumer.assign([TopicPartition(self._topic, 0, manifest.first_offset)])
        try:
            for message in self._from(manifest.first_offset):
                if message.key() != manifest.model.encode():
                    continue
                chunk = self._decode(message)
                if chunk.artefact != manifest.artefact:
                    break  # a model's artefacts lie one after the other
                assembly.add(chunk)
                if assembly.complete:
                    return assembly.arrays()
        finally:
            self._consumer.unassign()
        if not answers(self._consumer):
            raise TimeoutError(f"the chunks of {manifest.artefact} could not be read: no broker answers")
        raise MissingChunks(f"only {len(assembly)} of its {manifest.chunks} chunks exist")

    def close(self) -> None:
        self._consumer.close()

    def _from(self, first_offset: int) -> Iterator[Message]:
        """Committed records from this offset on, until none has come for a while; none if that offset no longer
        exists."""
        deadline = time.monotonic() + _PATIENCE_S
        expected: int | None = first_offset
        while time.monotonic() < deadline:
            for message in records(polled(self._consumer, 0.05)):
                if expected is not None and message.offset() != expected:
                    return
                expected = None
                yield message
                deadline = time.monotonic() + _PATIENCE_S

    def _decode(self, message: Message) -> WeightChunk:
        try:
            return self._schemas.decode(WeightChunk, message.value())
        except Unreadable as problem:
            if self._dead_letters is not None:
                self._dead_letters.send(message, str(problem))
            raise DamagedArtefact(f"the chunk at offset {message.offset()} cannot be read: {problem}") from problem


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
    """The newest manifest of a model, None if there is none. Raises BrokerUnavailable."""
    found = [manifest for manifest in living(kafka) if manifest.model == model and manifest.kind == kind]
    return found[-1] if found else None


def fetch(kafka: Kafka, manifest: Checkpoint) -> Arrays:
    """The arrays of a checkpoint. Raises MissingChunks (chunks are not there), DamagedArtefact (they are not as it
    says), and TimeoutError where no broker answers."""
    chunks = Chunks(kafka)
    try:
        return chunks.fetch(manifest)
    finally:
        chunks.close()


def _tail(kafka: Kafka, topic: Topic, offset: int | None) -> Consumer:
    properties = {
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 100,  # the end is told when a fetch comes back empty: so long may a new one wait unseen
        "fetch.message.max.bytes": 16 << 20,  # many chunks at once: 226 MB come in a third of the time
    }
    tail = consumer(kafka, f"{topic.name}-reader", **properties)
    if offset is not None:
        tail.assign([TopicPartition(name(kafka, topic), 0, offset)])
    return tail
