"""A game that costs little, for tests of the pipeline: found as anybody's plug-in is: see tests/conftest.py.

Its driver goes through all bins in turn, an exact 0 among them, so that sets are soon whole; and the picture shows what
it does, so that a model soon learns it.
"""

from __future__ import annotations

import math

import numpy as np

from charles.games.game import Action, Controller, ControllerMapping, Episode, Observation, Telemetry

_BOTH_WAYS = [way * (number + 0.5) / 10 for number in range(10) for way in (-1, 1)]
_VALUES = [*_BOTH_WAYS, *5 * [0.0]]
"""What the driver does, in no order: five bins get equally much, 21 get something."""
_METRES = 0.5
"""A tick's way."""


class Slalom:
    """Rolls along a straight road without an end, whatever its controller says."""

    mapping = ControllerMapping()
    episode = Episode(score="distance", ticks=60)
    picture_size = (48, 64)

    def __init__(self, seed: int) -> None:
        self._noise = np.random.default_rng(seed)
        self._tick = 0
        self._seen = self._look()

    def observe(self) -> Observation:
        return self._seen

    def act(self, controller: Controller) -> None:
        self._tick += 1
        self._seen = self._look()

    def drive(self) -> Action:
        count = len(_VALUES)
        turn = self._tick // count  # so that each value of the one meets each of the other
        return Action(_VALUES[7 * self._tick % count], _VALUES[(11 * self._tick + turn) % count])

    def respawn(self) -> None:
        self._tick += 1000
        self._seen = self._look()

    def set_weather(self, weather: str) -> None: ...

    def close(self) -> None: ...

    def _look(self) -> Observation:
        """The upper half is as bright as the pedals, the lower as the steering."""
        wanted, (height, width) = self.drive(), self.picture_size
        hood = self._noise.integers(0, 20, (height, width, 3), np.uint8)
        hood[: height // 2] += np.uint8(100 + 90 * wanted.acceleration_braking)
        hood[height // 2 :] += np.uint8(100 + 90 * wanted.steering)
        x = self._tick * _METRES
        return Observation(hood, Telemetry(30 * _METRES, 0.0, x, 0.0, 0.0, 100.0, math.sin(x / 100)))
