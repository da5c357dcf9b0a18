"""Who drives: a network, and the checkpoint whose weights it drives with."""

from __future__ import annotations

from charles.config import Config
from charles.driving.network_driver import NetworkDriver
from charles.events import Checkpoint, now
from charles.games.game import Action, Game, Observation
from charles.metrics.table import PlayerMetrics
from consumers.player.weights_follower import NewestWeights


class Pilot:
    """A network that takes new weights between two ticks. It is ready once it has taken its first."""

    def __init__(self, config: Config, picture_size: tuple[int, int]) -> None:
        """picture_size: (height, width), pixels."""
        self._network = NetworkDriver(config.train.line, picture_size, config.balance.frames, config.predicted)
        self.architecture = self._network.architecture
        self._checkpoint: Checkpoint | None = None

    @property
    def ready(self) -> bool:
        return self._checkpoint is not None

    @property
    def checkpoint(self) -> Checkpoint:
        """Whose weights drive. There are none before it is ready."""
        assert self._checkpoint is not None
        return self._checkpoint

    def take(self, weights: NewestWeights, wait_s: float = 0.0) -> None:
        """Drive with newer weights from now on, if there are any; waits up to wait_s for them."""
        taken = weights.take(wait_s)
        if taken is None:
            return
        checkpoint, arrays = taken
        try:
            self._network.load(arrays)
        except ValueError as problem:
            weights.refuse(checkpoint, str(problem))
        else:
            if self.ready:  # the first ones may have been there for hours before this player was
                PlayerMetrics.applied.observe(max((now() - checkpoint.time).total_seconds(), 0.0))
            self._checkpoint = checkpoint

    def forget(self) -> None:
        """Clear the history: the car was put somewhere else."""
        self._network.forget()

    def predict(self, seen: Observation, game: Game) -> Action:
        """What the car shall do; what the network does not predict is the game's own driver's."""
        return self._network.drive(seen, game.drive)
