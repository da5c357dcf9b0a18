"""The car: a bicycle model whose steering lock is what its tyres can hold at its speed, stepped 30 times a second."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from charles.games.city.paths import Floats, wrapped
from charles.games.game import Action

DT = 1.0 / 30.0  # s
LENGTH, WIDTH = 4.4, 1.8  # m
WHEELBASE = 2.7  # m
REAR_TO_CENTRE = 1.35  # m from the rear axle to the middle of the car
LOCK = 0.6  # rad, the front wheels' greatest angle: a circle of 4 m radius
GRIP = 6.8  # m/s^2, the greatest sideways acceleration
ENGINE = 4.5  # m/s^2, full throttle from standing
TOP_SPEED = 19.0  # m/s
BRAKES = 6.0  # m/s^2, full brake
DRAG = 0.25  # m/s^2, rolling with both pedals up
YAW_LAG = 0.1  # s until the body follows the wheels

# The body as three discs along its axis: offsets from the middle and radius, m. They stand for it in collisions.
DISCS = np.array([-1.35, 0.0, 1.35])
DISC_RADIUS = 0.95


def greatest_curvature(speed: float) -> float:
    """The curvature, 1/m, of full lock at a speed, m/s: the wheels' angle when slow, the tyres' grip when fast."""
    return min(math.tan(LOCK) / WHEELBASE, GRIP / max(speed * speed, 1e-6))


@dataclass(frozen=True, slots=True)
class Car:
    """x, y: the middle of the car, m; heading rad; speed m/s, at least 0; yaw_rate rad/s, left negative."""

    x: float
    y: float
    heading: float
    speed: float = 0.0
    yaw_rate: float = 0.0

    def step(self, action: Action) -> Car:
        """The car one tick later, on free ground."""
        pedal = action.acceleration_braking
        push = pedal * ENGINE * (1 - self.speed / TOP_SPEED) if pedal > 0 else pedal * BRAKES
        speed = max(0.0, self.speed + (push - DRAG) * DT)
        wanted = speed * action.steering * greatest_curvature(speed)
        yaw_rate = self.yaw_rate + (wanted - self.yaw_rate) * min(1.0, DT / YAW_LAG)
        if speed == 0.0:
            yaw_rate = 0.0
        # The rear axle moves where the car points; its middle swings around it.
        rear_x = self.x - REAR_TO_CENTRE * math.cos(self.heading)
        rear_y = self.y - REAR_TO_CENTRE * math.sin(self.heading)
        half = self.heading + 0.5 * yaw_rate * DT
        heading = self.heading + yaw_rate * DT
        return Car(
            rear_x + speed * DT * math.cos(half) + REAR_TO_CENTRE * math.cos(heading),
            rear_y + speed * DT * math.sin(half) + REAR_TO_CENTRE * math.sin(heading),
            wrapped(heading),
            speed,
            yaw_rate,
        )

    def stopped(self) -> Car:
        return replace(self, speed=0.0, yaw_rate=0.0)

    def corners(self) -> Floats:
        """The four corners of the body, m, (4, 2)."""
        cos, sin = math.cos(self.heading), math.sin(self.heading)
        ahead = np.array([LENGTH / 2, LENGTH / 2, -LENGTH / 2, -LENGTH / 2])
        right = np.array([WIDTH / 2, -WIDTH / 2, WIDTH / 2, -WIDTH / 2])
        return np.stack([self.x + ahead * cos - right * sin, self.y + ahead * sin + right * cos], axis=1)

    def discs(self) -> Floats:
        """The middles of the body's discs, m, (3, 2)."""
        return np.stack([self.x + DISCS * math.cos(self.heading), self.y + DISCS * math.sin(self.heading)], axis=1)
