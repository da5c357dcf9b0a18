"""What the trainer tells the others: its checkpoints."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from confluent_kafka import KafkaException

from charles import topics
from charles.checkpoints.identity import STATE, WEIGHTS, ModelIdentity
from charles.checkpoints.packing import Arrays
from charles.checkpoints.pruning import Pruner
from charles.checkpoints.publish import publish
from charles.checkpoints.publish import publisher as publisher_of
from charles.events import Checkpoint, Span
from charles.kafka.clients import admin, answers
from charles.kafka.publisher import Publisher
from charles.kafka.transactions import BrokenTransaction, NotCommitted, end_hanging, join, transaction
from charles.metrics.table import TrainerMetrics
from charles.pacing import Every
from charles.settings import Kafka

log = logging.getLogger(__name__)

_TIDY_S = 5.0
_KEEP_STATES = 2
"""The newest, and one to fall back to."""


class Checkpointer:
    """Publishes a model's checkpoints: weights and state in one transaction, so that those that survive always agree.

    Only one lives per model: a new one fences the other. batch: of the newest checkpoint it published, -1: none.
    """

    def __init__(self, kafka: Kafka, model: str, keep: int) -> None:
        """keep: how many weights stay. Raises NotCommitted when no broker answers within half a minute."""
        self.batch = -1
        self._kafka = kafka
        self._model = model
        self._admin = admin(kafka)
        self._pruner = Pruner(kafka, model, {WEIGHTS: keep, STATE: _KEEP_STATES})
        self._tidying = Every(_TIDY_S, at_once=False)
        self._publisher: Publisher | None = None
        self._joined()

    def publish(
        self,
        who: ModelIdentity,
        batch: int,
        weights: Arrays,
        state: Arrays,
        spans: Sequence[Span],
        parents: Sequence[str] = (),
        timeout_s: float = 15.0,
    ) -> None:
        """Publish both. While the broker is away it gives up after timeout_s, says so, and the next one holds it all.

        Raises Fenced.
        """

        manifests: dict[str, Checkpoint] = {}
        start_s = time.perf_counter()

        def send(publisher: Publisher) -> None:
            with transaction(publisher, timeout_s):
                for kind, arrays in ((WEIGHTS, weights), (STATE, state)):
                    manifests[kind] = publish(
                        publisher, who, kind, batch, arrays, spans=spans, parents=parents, timeout_s=timeout_s
                    )

        if self._attempt(f"checkpoint {batch}", send):
            self.goes_on_from(manifests[WEIGHTS])
            TrainerMetrics.checkpoint_s.observe(time.perf_counter() - start_s)
            for kind, manifest in manifests.items():
                TrainerMetrics.checkpoint_bytes.labels(kind).set(manifest.size)

    def goes_on_from(self, manifest: Checkpoint) -> None:
        """This is the newest checkpoint, of this life or of one before."""
        self.batch = manifest.batch
        TrainerMetrics.checkpointed.set(manifest.time.timestamp())

    def tidy(self) -> None:
        """Every few seconds: prune old checkpoints, and find out whether this trainer was fenced. Raises Fenced.

        Only a transaction with something in it is refused to a fenced trainer: hence a tombstone of nothing. (To
        commit its place in one would do, but librdkafka 2.16 waits in it for ever, once a broker was away.)
        """
        if not self._tidying.due():
            return

        def send(publisher: Publisher) -> None:
            with transaction(publisher, _TIDY_S):
                publisher.send_bytes(topics.MODELS, f"{self._model}/nothing", None)
            self._pruner.prune(publisher, wait_s=0.0)

        self._attempt("a sign of life", send)

    def close(self) -> None:
        self._pruner.close()

    def _joined(self) -> Publisher:
        """The publisher; a new one where there is none or the last one broke. Raises as join() does."""
        if self._publisher is None:
            publisher = publisher_of(self._kafka, self._model)
            join(publisher)
            end_hanging(publisher, [(topics.WEIGHTS, 0), (topics.MODELS, 0)])
            self._publisher = publisher
        return self._publisher

    def _attempt(self, what: str, send: Callable[[Publisher], object]) -> bool:
        """Do it, if the broker is there; tells whether it was done. Raises Fenced.

        A broker that goes away in the middle of a transaction costs half a minute of waiting, and the producer: hence
        the question before each.
        """
        if not answers(self._admin):  # that it is away is said elsewhere, once a minute
            log.debug("%s could not be published, will retry: no broker answers", what)
            return False
        try:
            for _ in range(2):
                try:
                    send(self._joined())
                except BrokenTransaction as problem:
                    log.info("a producer failed and is replaced: %s", problem)
                    self._publisher = None
                else:
                    return True
        except (NotCommitted, KafkaException, TimeoutError) as problem:
            log.warning("%s could not be published, will retry: %s", what, problem)
        return False
