"""CarRacing-v3 as a game: a new closed road for every seed, 1,000 points for a lap, a tenth less for every tick."""

from __future__ import annotations

import math
from typing import cast

import numpy as np

from charles.games.game import Action, Axis, ControllerMapping, Telemetry
from charles.games.gymnasium.continuous_car import ContinuousCar
from charles.games.gymnasium.law import drive, wrapped
from charles.games.gymnasium.quick_render import QuickCarRacing
from charles.games.gymnasium.track import Track, TrackPace

PURPOSE_AHEAD = 100.0  # m along the road: behind the edge of the picture, which shows 38


class CarRacing(ContinuousCar):
    """CarRacing-v3 with its own rewards; units of its world are taken as m, its seconds (50 steps) as seconds.

    The picture is the environment's own, 96x96, without the bar of indicators at its foot (speed and the like come
    with the telemetry). The purpose is the centre line's point 100 m ahead: which way round, not how to steer.
    """

    # The wheels turn no further than 0.4 rad and lock when braked with 0.9 or more.
    mapping = ControllerMapping(steering=Axis(0.0, 0.4, 0.4), acceleration_braking=Axis(0.0, 1.0, 0.8))
    picture_size = (84, 96)

    def __init__(self, seed: int) -> None:
        super().__init__(QuickCarRacing(), seed)

    def entered(self) -> None:
        # Box2D's y points to the left of its x, Charles's to the right.
        centre = np.array([(x, -y) for _alpha, _beta, x, y in self.env.unwrapped.track], np.float64)
        self._track = Track(centre, TrackPace())
        self._locate(anywhere=True)

    def moved(self) -> None:
        self._locate()

    def telemetry(self) -> Telemetry:
        hull = self.env.unwrapped.car.hull
        x, y = float(hull.position[0]), -float(hull.position[1])
        heading = wrapped(-float(hull.angle) - math.pi / 2)  # Box2D's angle 0 is along y, and grows to the left
        purpose_x, purpose_y = self._track.centre_ahead(PURPOSE_AHEAD)
        return Telemetry(
            speed=math.hypot(*hull.linearVelocity),
            yaw_rate=-float(hull.angularVelocity),
            x=x,
            y=y,
            heading=heading,
            purpose_distance=math.hypot(purpose_x - x, purpose_y - y),
            purpose_bearing=wrapped(math.atan2(purpose_y - y, purpose_x - x) - heading),
        )

    def off_road(self) -> bool:
        return not any(cast(bool, wheel.tiles) for wheel in self.env.unwrapped.car.wheels)

    def drive(self) -> Action:
        return drive(self.observe().telemetry, self._track)

    def _locate(self, anywhere: bool = False) -> None:
        x, y = self.env.unwrapped.car.hull.position
        self._track.locate(float(x), -float(y), anywhere)
