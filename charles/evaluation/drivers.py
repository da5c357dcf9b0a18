"""The drivers that are compared: the game's own, and networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charles.base.tensorflow_import import loading_tensorflow
from charles.checkpoints.packing import Arrays
from charles.events import Checkpoint
from charles.games.game import Action, Game, Observation
from charles.labels.outputs import parse

if TYPE_CHECKING:
    from charles.driving.network_driver import NetworkDriver


def npc(game: Game, _seen: Observation) -> Action:
    """The game's own driver."""
    return game.drive()


class Network:
    """A network with these weights; with None, the fresh ones of a seed. It is built at its first tick, so that it can
    travel to another process before."""

    def __init__(self, manifest: Checkpoint, weights: Arrays | None, seed: int = 1) -> None:
        """manifest: of a checkpoint of such a network."""
        self._manifest = manifest
        self._weights = weights
        self._seed = seed
        self._game: Game | None = None
        self._driver: NetworkDriver | None = None

    def __call__(self, game: Game, seen: Observation) -> Action:
        if self._driver is None:
            self._driver = self._built()
        if game is not self._game:
            self._driver.forget()
            self._game = game
        return self._driver.drive(seen, game.drive)

    def _built(self) -> NetworkDriver:
        with loading_tensorflow():
            import keras

            from charles.driving.network_driver import NetworkDriver

        keras.utils.set_random_seed(self._seed)
        made = self._manifest
        size = made.picture_height, made.picture_width
        driver = NetworkDriver(made.line, size, made.frames, tuple(map(parse, made.outputs)))
        if self._weights is not None:
            driver.load(self._weights)
        return driver
