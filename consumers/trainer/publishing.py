"""What the trainer tells the others: its checkpoints, and how far it has read."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from charles import checkpoints
from charles.artefacts import Arrays
from charles.checkpoints import STATE, WEIGHTS
from charles.events import Span
from charles.pruning import Pruner
from charles.settings import Kafka
from charles.transactions import NotCommitted, join, transaction
from consumers.trainer.feeding import Feed
from consumers.trainer.pictures import Size

log = logging.getLogger(__name__)

_TIDY_S = 5.0
_KEEP_STATES = 2
"""The newest, and one to fall back to."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What every checkpoint of a training says of itself. picture: (width, height), pixels."""

    model: str
    line: str
    architecture: str
    picture: Size


class Checkpointer:
    """Publishes a model's checkpoints: weights and state in one transaction, so that those that survive always agree.

    Only one lives per model: a new one fences the other. batch: of the newest checkpoint it published, -1: none.
    """

    def __init__(self, kafka: Kafka, model: str, keep: int) -> None:
        """keep: how many weights stay. Raises NotCommitted when no broker answers within half a minute."""
        self.batch = -1
        self._publisher = checkpoints.publisher(kafka, model)
        join(self._publisher)
        self._pruner = Pruner(kafka, self._publisher, model, {WEIGHTS: keep, STATE: _KEEP_STATES})
        self._tidy_at = time.monotonic() + _TIDY_S

    def publish(
        self, who: Identity, batch: int, weights: Arrays, state: Arrays, spans: Sequence[Span], timeout_s: float = 15.0
    ) -> None:
        """Publish both. While the broker is away it gives up after timeout_s, says so, and the next one holds it all.

        Raises Fenced.
        """

        def send() -> None:
            for kind, arrays in ((WEIGHTS, weights), (STATE, state)):
                checkpoints.publish(
                    self._publisher,
                    arrays,
                    model=who.model,
                    line=who.line,
                    kind=kind,
                    batch=batch,
                    architecture=who.architecture,
                    picture=who.picture,
                    spans=spans,
                    timeout_s=timeout_s,
                )

        if self._committed(f"checkpoint {batch}", send, timeout_s):
            self.batch = batch

    def tidy(self, feed: Feed) -> None:
        """Every few seconds: commit the place, so that everybody sees the lag, and prune old checkpoints.

        A trainer that was fenced learns it here at the latest. Raises Fenced.
        """
        if time.monotonic() < self._tidy_at:
            return
        self._tidy_at = time.monotonic() + _TIDY_S
        producer = self._publisher.producer
        if self._committed("the place", lambda: producer.send_offsets_to_transaction(*feed.place, 5.0), 5.0):
            try:
                self._pruner.prune(wait_s=0.0)
            except NotCommitted as problem:
                log.warning("old checkpoints stay for now: %s", problem)

    def close(self) -> None:
        self._pruner.close()

    def _committed(self, what: str, send: Callable[[], None], timeout_s: float) -> bool:
        try:
            with transaction(self._publisher, timeout_s):
                send()
        except NotCommitted as problem:
            log.warning("%s could not be published, it is tried again later: %s", what, problem)
            return False
        return True
