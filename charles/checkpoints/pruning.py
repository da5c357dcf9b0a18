"""Keeps the newest checkpoints of each kind. Others get a tombstone, and their chunks are deleted."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from confluent_kafka import KafkaException, TopicPartition

from charles import topics
from charles.checkpoints.topic_readers import Manifests
from charles.kafka.clients import admin, consumer, name
from charles.kafka.publisher import Publisher
from charles.kafka.transactions import transaction
from charles.settings import Kafka

log = logging.getLogger(__name__)


class Pruner:
    """Keeps a model's newest checkpoints and deletes the chunks that no checkpoint of any model needs anymore."""

    def __init__(self, kafka: Kafka, model: str, keep: Mapping[str, int]) -> None:
        """keep: how many of each kind, at least 1."""
        self._model = model
        self._keep = keep
        self._manifests = Manifests(kafka)
        self._admin = admin(kafka)
        self._reader = consumer(kafka, "weights-reader")
        self._weights = name(kafka, topics.WEIGHTS)
        self._settled = 0

    def prune(self, publisher: Publisher, wait_s: float = 1.0) -> int:
        """Prune surplus checkpoints, after waiting up to wait_s for manifests; returns how many.

        publisher: the model's own, which has joined. Raises Fenced, BrokenTransaction, or NotCommitted.
        """
        self._manifests.read(wait_s)
        doomed = [key for kind, count in self._keep.items() for key in self._keys(kind)[:-count]]
        if doomed:
            with transaction(publisher):
                for key in doomed:
                    publisher.send_bytes(topics.MODELS, key.decode(), None)
        self._delete_chunks(set(doomed))
        return len(doomed)

    def close(self) -> None:
        self._manifests.close()
        self._reader.close()

    def _keys(self, kind: str) -> list[bytes]:
        return [
            key
            for key, (_, manifest) in self._manifests.living.items()
            if manifest.model == self._model and manifest.kind == kind
        ]

    def _delete_chunks(self, doomed: set[bytes]) -> None:
        """Delete chunks before the first needed one, and before any whose manifest may not be visible yet, which is any
        that was not committed at the last call.
        """
        needed = [manifest.first_offset for key, (_, manifest) in self._manifests.living.items() if key not in doomed]
        bound = min([*needed, self._settled])
        try:
            if bound > 0:
                before = TopicPartition(self._weights, 0, bound)
                self._admin.delete_records([before])[before].result(10)
            self._settled = self._stable_end()
        except KafkaException as problem:
            log.warning("old chunks are not deleted yet: %s", problem.args[0].str())

    def _stable_end(self) -> int:
        """The offset of the first chunk that is not committed yet, where the log ends for a committed reader."""
        partition = TopicPartition(self._weights, 0)
        _, end = self._reader.get_watermark_offsets(partition, timeout=10) or (0, self._settled)
        return end
