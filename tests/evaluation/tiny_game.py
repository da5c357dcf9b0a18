"""A game small enough to be scored by hand: a straight road that ends at a wall."""

from __future__ import annotations

import time

import numpy as np

from charles.games.game import Action, Axis, Controller, ControllerMapping, Episode, Observation, Telemetry


class Road:
    """Full throttle is one metre a tick. The wall stands 10 m away, and 1 m further for every seed."""

    mapping = ControllerMapping(acceleration_braking=Axis(offset=0.25, positive=0.75, negative=0.75))
    episode = Episode(score="distance", ticks=200)
    picture_size = (24, 32)

    def __init__(self, seed: int) -> None:
        self.wall = 10.0 + seed
        self.x = 0.0
        self.ticks = 0
        self.controllers: list[Controller] = []

    def observe(self) -> Observation:
        picture = np.full((*self.picture_size, 3), min(int(10 * self.x), 255), np.uint8)
        telemetry = Telemetry(30.0, 0.0, self.x, 0.0, 0.0, self.wall - self.x, 0.0)
        return Observation(picture, telemetry, crashed=self.x >= self.wall, over=self.over(), reward=self.reward())

    def act(self, controller: Controller) -> None:
        self.controllers.append(controller)
        self.ticks += 1
        self.x = min(self.x + max(self.mapping.to_action(controller).acceleration_braking, 0.0), self.wall)

    def over(self) -> bool:
        return False

    def reward(self) -> float:
        return 0.0

    def drive(self) -> Action:
        return Action(0.0, 1.0)

    def respawn(self) -> None:
        self.x = 0.0

    def close(self) -> None: ...


class PaidRoad(Road):
    """The same road, scored by the game: 2 for every tick, over after 50 of them; the wall costs nothing."""

    episode = Episode(score="reward", ticks=200)

    def over(self) -> bool:
        return self.ticks >= 50

    def reward(self) -> float:
        return 2.0 if self.ticks else 0.0


def full_throttle(_game: object, _seen: Observation) -> Action:
    return Action(0.0, 1.0)


def never_moves(_game: object, _seen: Observation) -> Action:
    return Action(0.0, 0.0)


def crawls(_game: object, _seen: Observation) -> Action:
    return Action(0.0, 0.05)


def sleeps(_game: object, _seen: Observation) -> Action:
    time.sleep(60)
    return Action(0.0, 0.0)
