"""A player that drives in a thread, the trainer that it learns from, and an ear at what it says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from charles.checkpoints.identity import WEIGHTS, ModelIdentity
from charles.checkpoints.packing import Arrays
from charles.checkpoints.publish import publish
from charles.checkpoints.publish import publisher as publisher_of
from charles.control.link import Link
from charles.events import Checkpoint, Status
from charles.kafka.transactions import join, transaction
from charles.settings import Kafka, Settings, load
from consumers.player import _restart_key
from consumers.player.loop import play
from tests.consumers.player.road import ARCHITECTURE, SIZE, Road
from tests.patience import PATIENCE_S
from tests.programs import StopWhen, configure, heard


class Trainer:
    """Publishes checkpoints as a trainer does."""

    def __init__(self, kafka: Kafka) -> None:
        self._publisher = publisher_of(kafka, "pilot")
        join(self._publisher)

    def publish(self, batch: int, weights: Arrays, architecture: str = ARCHITECTURE) -> Checkpoint:
        who = ModelIdentity("pilot", "pilot", architecture, picture=SIZE[::-1])
        with transaction(self._publisher):
            return publish(self._publisher, who, WEIGHTS, batch, weights)


class Player:
    """The real loop, on a Road, until stop()."""

    def __init__(self, kafka: Kafka, swap: str = "unstuck", **local: Any) -> None:
        self.kafka = kafka
        self.road = Road()
        self._stopped = StopWhen()
        self._failure: BaseException | None = None
        configure(kafka, {"unstuck": {"distance": 2.0, "seconds": 0.5}, "play": {"swap": swap}})
        settings = load(kafka=kafka.model_dump(), player=local)
        self._thread = threading.Thread(target=self._play, args=(settings,))
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        if self._failure is not None:
            raise self._failure

    def heard(self, says: Callable[[Status], bool]) -> Status:
        """The first of its heartbeats, from now on, that says so."""
        return heard(self.kafka, says, PATIENCE_S, from_now=True)

    def _play(self, settings: Settings) -> None:
        try:
            with Link(
                settings, "player", settings.player.name, self._stopped, verbs=("unstuck",), restart_key=_restart_key
            ) as link:
                while not link.stopped:
                    link.begin()
                    play(self.road, link)
        except BaseException as failure:
            self._failure = failure


@pytest.fixture
def trainer(kafka: Kafka) -> Trainer:
    return Trainer(kafka)


@pytest.fixture
def start_player() -> Iterator[Callable[..., Player]]:
    """Starts players: start_player(kafka, swap="at once"); they are stopped afterwards."""
    players: list[Player] = []

    def start(kafka: Kafka, **local: Any) -> Player:
        players.append(Player(kafka, **local))
        return players[-1]

    yield start
    for player in players:
        player.stop()
