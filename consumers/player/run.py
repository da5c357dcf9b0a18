"""One continuous drive, from a (re)spawn to the next, and what is measured on the way."""

from __future__ import annotations

import math
import secrets
from collections import deque

import numpy as np

from charles.config import Unstuck
from charles.driving.odometer import Odometer
from charles.driving.stuck_detector import StuckDetector
from charles.events import now
from charles.games.game import Observation
from charles.pacing import HZ


class PlayerRun:
    """A drive from here on: its id, its ticks, its metres, and whether the car got stuck."""

    def __init__(self, seen: Observation, unstuck: Unstuck) -> None:
        self.id = f"{now():%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(3)}"  # later runs sort after earlier ones
        self.tick = 0
        self._way = Odometer(seen.telemetry.x, seen.telemetry.y)
        self._stuck = StuckDetector(unstuck.distance, unstuck.seconds)

    @property
    def metres(self) -> float:
        return self._way.metres

    def ends(self, seen: Observation) -> bool:
        """Whether the run is at its end here: the game is over, or the car is stuck. To be asked once a tick."""
        self._way.to(seen.telemetry.x, seen.telemetry.y)
        return self._stuck.update(seen.telemetry.x, seen.telemetry.y) or seen.over


class TickTiming:
    """How quickly the player answers a picture, over the last few seconds."""

    def __init__(self, ticks: int = 5 * HZ) -> None:
        self._seconds: deque[float] = deque(maxlen=ticks)

    def add(self, seconds: float) -> None:
        """seconds: from the picture to the controller, the prediction between them."""
        self._seconds.append(seconds)

    @property
    def pps(self) -> float:
        """Predictions a second that the model could make."""
        return len(self._seconds) / sum(self._seconds) if self._seconds else 0.0

    def figures(self) -> dict[str, float]:
        """Prediction times in ms, median and 95th percentile; delay_ticks: whole ticks from picture to controller, for
        95 in 100 ticks. That is the delay in a game that does not wait; in a stepped one it is 0."""
        p50, p95 = np.percentile(self._seconds, (50, 95))
        delay = math.floor(p95 * HZ)
        return {
            "pps": self.pps,
            "predict_ms_p50": 1000 * float(p50),
            "predict_ms_p95": 1000 * float(p95),
            "delay_ticks": float(delay),
        }
