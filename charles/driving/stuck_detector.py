"""Detects a stuck car: one that has not moved away from a place for a while."""

from __future__ import annotations

import math

from charles.pacing import HZ


class StuckDetector:
    """Told the car's place once a tick, says when it has stayed within `distance_m` of a point for `seconds`.

    Time is counted in ticks of 1/30 s, as the game's is, at whatever pace it runs. Distance is measured from where the
    car last got away from, not along its way: a car that trembles against a wall is stuck.
    """

    def __init__(self, distance_m: float, seconds: float) -> None:
        self._distance_m = distance_m
        self._patience = round(seconds * HZ)
        self.reset()

    def reset(self) -> None:
        """Start again: the car was respawned."""
        self._anchor: tuple[float, float] | None = None
        self._ticks = 0

    def update(self, x: float, y: float) -> bool:
        """One tick at (x, y), in metres; whether the car is stuck now. A place that is not finite is no progress."""
        if self._anchor is None or math.dist((x, y), self._anchor) >= self._distance_m:
            self._anchor = (x, y)
            self._ticks = 0
            return False
        self._ticks += 1
        return self._ticks >= self._patience
