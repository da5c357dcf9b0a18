"""A game of a few pixels that does what a test's script says."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from charles.games.game import Action, Controller, ControllerMapping, Episode, Observation, Telemetry

ANSWER = Action(steering=0.25, acceleration_braking=-0.5)
DRIVING = Telemetry(10.0, 0.0, 0.0, 0.0, 0.0, 50.0, 0.1)
Script = Callable[[int, Observation], Observation]


class TinyGame:
    """Drives along +x at 10 m/s, whatever its controller says. script: changes what is seen at a tick of this game,
    counted from 0 over all its runs; controllers: what it was told; respawns: at which ticks."""

    mapping = ControllerMapping()
    episode = Episode("distance", 100)
    picture_size = (12, 16)

    def __init__(self, seed: int, script: Script = lambda _, seen: seen) -> None:
        self.seed = seed
        self.controllers: list[Controller] = []
        self.respawns: list[int] = []
        self.closed = False
        self.weathers: list[str] = []
        self._script = script

    def observe(self) -> Observation:
        tick = len(self.controllers)
        hood = np.full((*self.picture_size, 3), tick % 256, np.uint8)
        seen = Observation(hood, replace(DRIVING, x=tick / 3))
        return seen if tick in self.respawns else self._script(tick, seen)

    def drive(self) -> Action:
        return ANSWER

    def act(self, controller: Controller) -> None:
        self.controllers.append(controller)

    def respawn(self) -> None:
        self.respawns.append(len(self.controllers))

    def set_weather(self, weather: str) -> None:
        self.weathers.append(weather)

    def close(self) -> None:
        self.closed = True


def without_speed(seen: Observation) -> Observation:
    """What a game sees whose telemetry broke."""
    return replace(seen, telemetry=replace(seen.telemetry, speed=math.nan))


def standing(seen: Observation, x: float = 0.0) -> Observation:
    return replace(seen, telemetry=replace(seen.telemetry, x=x))
