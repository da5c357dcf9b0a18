"""A stepped game for the player's tests, and weights that say of every controller which of them it came from."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from charles.checkpoints.packing import Arrays
from charles.games.game import Action, Axis, Controller, ControllerMapping, Episode, Observation, Telemetry
from charles.models import architecture, build, get_weights
from tests.patience import PATIENCE_S

SIZE = (24, 32)

_MODEL = build("pilot", SIZE)
ARCHITECTURE = architecture(_MODEL)


def constant(value: float) -> Arrays:
    """Weights that always predict this value for both outputs."""
    weights = {path: np.zeros_like(array) for path, array in get_weights(_MODEL).items()}
    for output in ("acceleration_braking", "steering"):
        weights[f"{output}/bias"][...] = value
    return weights


def speedometer() -> Arrays:
    """Weights that predict speed / 50 for both outputs."""
    weights = constant(0.0)
    seen = weights["common_1/kernel"].shape[0] - weights["known/bias"].shape[0]
    weights["known/kernel"][0, 0] = 1.0  # the first of the five numbers is speed / 50
    weights["common_1/kernel"][seen, 0] = 1.0
    weights["common_2/kernel"][0, 0] = 1.0
    for output in ("acceleration_braking", "steering"):
        weights[f"{output}/kernel"][0, 0] = 1.0
    return weights


class Road:
    """Drives itself forwards whatever it is told, one metre and 0.05 m/s more a tick, and remembers it all."""

    mapping = ControllerMapping(Axis(0.25, 0.75, 0.75), Axis(0.25, 0.75, 0.75))
    episode = Episode(score="distance", ticks=100)
    picture_size = SIZE

    def __init__(self) -> None:
        self.ticks = 0
        self.respawns = 0
        self.delays: list[int] = []  # acts between the last look and the act that answered it
        self.told: list[tuple[int, Controller]] = []  # (respawns, controller), tick by tick
        self.stands = False
        self.finished = False
        self._looked_at = 0
        self._x = 0.0
        self._news = threading.Condition()

    def observe(self) -> Observation:
        self._looked_at = self.ticks
        telemetry = Telemetry(0.05 * self.ticks, 0.0, self._x, 0.0, 0.0, 50.0, 0.0)
        return Observation(np.full((*SIZE, 3), self.ticks % 256, np.uint8), telemetry, over=self.finished)

    def act(self, controller: Controller) -> None:
        with self._news:
            self.delays.append(self.ticks - self._looked_at)
            self.told.append((self.respawns, controller))
            self.ticks += 1
            self._x += not self.stands
            self._news.notify_all()

    def drive(self) -> Action:
        return Action(0.0, 1.0)

    def respawn(self) -> None:
        self.respawns += 1
        self.stands = self.finished = False
        self._x += 1000.0

    def set_weather(self, weather: str) -> None: ...

    def close(self) -> None: ...

    def value(self, index: int = -1) -> float:
        """What the weights of that tick predicted; both axes must say the same, or they were half of one set."""
        controller = self.told[index][1]
        action = self.mapping.to_action(controller)
        assert action.steering == action.acceleration_braking
        return round(action.steering, 4)

    def values(self) -> list[float]:
        """What was predicted, one after the other, without repeats."""
        everything = [self.value(index) for index in range(len(self.told))]
        return [value for before, value in zip([None, *everything], everything, strict=False) if value != before]

    def wait(self, until: Callable[[], bool]) -> None:
        """Return at the tick when this becomes true."""
        with self._news:
            assert self._news.wait_for(until, PATIENCE_S), f"not within {PATIENCE_S:g} s; last tick: {self.told[-1:]}"

    def wait_ticks(self, count: int) -> float:
        """Return so many ticks later; how long they took, seconds."""
        last, began = self.ticks + count, time.monotonic()
        self.wait(lambda: self.ticks >= last)
        return time.monotonic() - began
