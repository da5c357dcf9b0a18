"""The newest weights: followed in the background while the car drives on, swapped in between two ticks."""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException

from charles.avro.codec import SchemaUnavailable
from charles.checkpoints.follower import ModelFollower
from charles.checkpoints.packing import Arrays
from charles.driving.network_driver import NetworkDriver
from charles.events import Checkpoint, now
from charles.metrics.table import PlayerMetrics
from charles.settings import Kafka

log = logging.getLogger(__name__)

_POLL_S = 0.25
_AGAIN_S = 1.0


class WeightsFollower:
    """Gives a network a model's newest weights. A thread follows the model topic; swap() takes what it has found.

    checkpoint: whose weights the network drives with, None before the first; newest: the newest checkpoint that was
    seen and can be driven with. A broker that is away is waited for; any other failure is raised by the next swap().
    """

    def __init__(self, kafka: Kafka, model: str, network: NetworkDriver) -> None:
        self.checkpoint: Checkpoint | None = None
        self.newest: Checkpoint | None = None
        self._network = network
        self._misfits = 0
        self._follower = ModelFollower(kafka, model, network.architecture)
        self._found: tuple[Checkpoint, Arrays] | None = None
        self._failure: BaseException | None = None
        self._news = threading.Condition()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="weights-follower", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._stopped.set()
        self._thread.join(5.0)

    @property
    def refused(self) -> dict[str, int]:
        """How many checkpoints were passed over, by reason; the log says more."""
        counts = self._follower.counts | {"misfit": self._misfits}
        return {reason: count for reason, count in counts.items() if count}

    def swap(self, wait_s: float = 0.0) -> None:
        """Drive with newer weights from now on, if there are any; waits up to wait_s for them."""
        found = self._take(wait_s)
        if found is None:
            return
        checkpoint, arrays = found
        try:
            self._network.load(arrays)
        except ValueError as problem:
            self._refuse(checkpoint, str(problem))
            return
        if self.checkpoint is not None:  # the first ones may have been there for hours before this player was
            PlayerMetrics.applied.observe(max((now() - checkpoint.time).total_seconds(), 0.0))
        self.checkpoint = checkpoint

    def _take(self, wait_s: float) -> tuple[Checkpoint, Arrays] | None:
        """Weights that nobody took yet, the newest."""
        with self._news:
            self._news.wait_for(lambda: self._found or self._failure, wait_s)
            if self._failure is not None:
                raise self._failure
            found, self._found = self._found, None
            return found

    def _refuse(self, checkpoint: Checkpoint, problem: str) -> None:
        """Count weights that do not fit although their manifest said so."""
        log.warning("skipping %s: %s", checkpoint.artefact, problem)
        self._misfits += 1
        if self.newest is checkpoint:
            self.newest = None

    def _follow(self) -> None:
        try:
            while not self._stopped.is_set():
                self._look()
            self._follower.close()
        except BaseException as failure:
            with self._news:
                self._failure = failure
                self._news.notify_all()

    def _look(self) -> None:
        try:
            found = self._follower.poll(_POLL_S)
        except TimeoutError:  # that the broker is away is said elsewhere, once a minute
            self._stopped.wait(_AGAIN_S)
            return
        except (KafkaException, SchemaUnavailable) as error:
            log.warning("the model topic cannot be read now: %s", error)
            self._stopped.wait(_AGAIN_S)
            return
        if found is not None:
            with self._news:
                self.newest, self._found = found[0], found
                self._news.notify_all()
