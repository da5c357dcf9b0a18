"""What a player offers to Prometheus: each tick as it goes, and once a second what its heartbeat tells too."""

from __future__ import annotations

from charles.events import Checkpoint
from charles.metrics.mirrored_counters import MirroredCounters
from charles.metrics.table import PlayerMetrics, begin
from charles.pacing import Rate, RateKeeper
from consumers.player.run import TickTiming
from consumers.player.weights_follower import WeightsFollower


class PlayerMetricsWriter:
    """Of one life of the player. line: of its network."""

    def __init__(self, line: str, weights: WeightsFollower) -> None:
        begin(PlayerMetrics)
        self._line = line
        self._weights = weights
        self._following = MirroredCounters()
        for reason in ("stuck", "over", "told"):
            PlayerMetrics.unstucks.labels(reason)  # 0 so far

    def tick(self, behind_s: float, seconds: float) -> None:
        """It began so much after its time, and took so long from the picture to the controller."""
        PlayerMetrics.lateness.observe(behind_s)
        PlayerMetrics.prediction.observe(seconds)

    def unstuck(self, reason: str) -> None:
        """The car was put somewhere else, for it was stuck, the game said that it is over, or somebody told it to."""
        PlayerMetrics.unstucks.labels(reason).inc()

    def waiting(self) -> None:
        """Once a second while there are no weights yet."""
        for reason, count in self._weights.refused.items():
            self._following.to(PlayerMetrics.refused, count, reason)

    def driving(
        self, used: Checkpoint, age_s: float, metres: float, keeper: RateKeeper, fps: Rate, timing: TickTiming
    ) -> None:
        """Once a second; metres: since this life began."""
        self.waiting()
        PlayerMetrics.info.labels(used.model, self._line).set(1)
        PlayerMetrics.batch.labels(used.model).set(used.batch)
        PlayerMetrics.newest.labels(used.model).set((self._weights.newest or used).batch)
        PlayerMetrics.age.set(age_s)
        PlayerMetrics.fps.set(fps.per_second())
        PlayerMetrics.pps.set(timing.pps)
        self._following.to(PlayerMetrics.distance, metres)
        self._following.to(PlayerMetrics.late, keeper.late)
