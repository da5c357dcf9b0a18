"""What a player offers to Prometheus: each tick as it goes, and once a second what its heartbeat tells too."""

from __future__ import annotations

from charles.events import Checkpoint
from charles.metrics.mirrored_counters import Following
from charles.metrics.table import Player, begin
from charles.pacing import Rate, RateKeeper
from consumers.player.run import Timing
from consumers.player.weights_follower import NewestWeights


class Offer:
    """Of one life of the player. line: of its network."""

    def __init__(self, line: str, weights: NewestWeights) -> None:
        begin(Player)
        self._line = line
        self._weights = weights
        self._following = Following()
        for reason in ("stuck", "over", "told"):
            Player.unstucks.labels(reason)  # 0 so far

    def tick(self, behind_s: float, seconds: float) -> None:
        """It began so much after its time, and took so long from the picture to the controller."""
        Player.lateness.observe(behind_s)
        Player.prediction.observe(seconds)

    def unstuck(self, reason: str) -> None:
        """The car was put somewhere else, for it was stuck, the game said that it is over, or somebody told it to."""
        Player.unstucks.labels(reason).inc()

    def waiting(self) -> None:
        """Once a second while there are no weights yet."""
        for reason, count in self._weights.refused.items():
            self._following.to(Player.refused, count, reason)

    def driving(
        self, used: Checkpoint, age_s: float, metres: float, keeper: RateKeeper, fps: Rate, timing: Timing
    ) -> None:
        """Once a second; metres: since this life began."""
        self.waiting()
        Player.info.labels(used.model, self._line).set(1)
        Player.batch.labels(used.model).set(used.batch)
        Player.newest.labels(used.model).set((self._weights.newest or used).batch)
        Player.age.set(age_s)
        Player.fps.set(fps.per_second())
        Player.pps.set(timing.pps)
        self._following.to(Player.distance, metres)
        self._following.to(Player.late, keeper.late)
