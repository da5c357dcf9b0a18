"""The game's own driver (the NPC): follows the route by what can be seen ahead, and never looks behind the picture.

Its answers depend on nothing hidden: the lane ahead, the way to take at the next junction, the speed, and what stands
in the way. So a model that sees the picture, the speed and the purpose can learn all of them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from charles.games.city.paths import STEP, Floats, Path, wrapped
from charles.games.city.physics import DISC_RADIUS, LENGTH, REAR_TO_CENTRE, Car, greatest_curvature
from charles.games.city.sensors import Feelers
from charles.games.game import Action

SIGHT = 40.0  # m, as far as the picture shows a lane well
CRUISE = 10.5  # m/s on a straight lane
COMFORT = 3.4  # m/s^2 sideways in curves
BRAKING = 4.2  # m/s^2, planned before curves
EARLY = 2.5  # m before a curve at which its speed is reached
CROSSING = 6.5  # m/s, straight over a junction
STANDING_GAP, HEADWAY = 4.0, 1.1  # m and s kept to what stands or drives ahead
PUSH, BRAKE = 2.4, 1.1  # m/s from the wanted speed at which a pedal is pressed to 63 %
KNEE = 0.7  # share of full lock beyond which steering gets softer
DEADBAND = 0.025  # smaller answers are exactly 0


class Driver:
    """Steering by pure pursuit, pedals by the difference from the wanted speed, feelers above both."""

    def __init__(self, feelers: Feelers) -> None:
        self._feelers = feelers

    def drive(self, car: Car, ahead: Path, crossing: NDArray[np.bool_], discs: Floats) -> Action:
        """ahead: the route from the car on, SIGHT m; crossing: bool (n,), where it crosses a junction; discs: of other
        cars, (cars, 3, 2) m."""
        steering = self._steering(car, ahead)
        wanted = min(self._speed_for_curves(ahead, crossing), self._speed_for_others(car, ahead, discs))
        wanted = min(wanted, self._speed_for_recovery(car, ahead))
        missing = wanted - car.speed
        pedal = 1 - math.exp(-missing / PUSH) if missing > 0 else math.exp(missing / BRAKE) - 1
        steering, pedal = self._override(car, steering, pedal, discs)
        return Action(_settled(steering), _settled(pedal))

    def _steering(self, car: Car, ahead: Path) -> float:
        """Pure pursuit from the rear axle, as a share of full lock at this speed."""
        lookahead = 3.0 + 0.38 * car.speed
        rear_x = car.x - REAR_TO_CENTRE * math.cos(car.heading)
        rear_y = car.y - REAR_TO_CENTRE * math.sin(car.heading)
        target = ahead.points[min(int(lookahead / STEP), len(ahead) - 1)]
        distance = math.hypot(target[0] - rear_x, target[1] - rear_y)
        angle = wrapped(math.atan2(target[1] - rear_y, target[0] - rear_x) - car.heading)
        if abs(angle) > math.pi / 2:
            return math.copysign(1.0, angle)
        return _softened(2 * math.sin(angle) / max(distance, 1.0) / greatest_curvature(car.speed))

    def _speed_for_curves(self, ahead: Path, crossing: NDArray[np.bool_]) -> float:
        safe = np.minimum(COMFORT / np.maximum(np.abs(ahead.curvature), 1e-4), CRUISE**2)
        safe = np.where(crossing, np.minimum(safe, CROSSING**2), safe)
        before = np.maximum(np.arange(len(ahead)) * STEP - EARLY, 0.0)
        return float(np.sqrt((safe + 2 * BRAKING * before).min()))

    def _speed_for_others(self, car: Car, ahead: Path, discs: Floats) -> float:
        near = discs[np.hypot(discs[:, 1, 0] - car.x, discs[:, 1, 1] - car.y) < SIGHT].reshape(-1, 2)
        if not len(near):
            return CRUISE
        way = ahead.points[::2]
        apart = np.hypot(way[:, None, 0] - near[:, 0], way[:, None, 1] - near[:, 1]).min(axis=1)
        blocked = np.flatnonzero(apart < 2 * DISC_RADIUS + 0.2)
        if not len(blocked):
            return CRUISE
        gap = float(blocked[0]) * 2 * STEP - LENGTH / 2
        return max(0.0, (gap - STANDING_GAP) / HEADWAY)

    def _speed_for_recovery(self, car: Car, ahead: Path) -> float:
        """Slowly while the car points away from its lane or is far off it."""
        index = min(4, len(ahead) - 1)
        astray = abs(wrapped(car.heading - float(ahead.heading[index])))
        offset = math.hypot(car.x - ahead.points[0, 0], car.y - ahead.points[0, 1])
        return max(2.5, CRUISE + 3.0 - 14.0 * astray - 2.5 * max(0.0, offset - 0.5))

    def _override(self, car: Car, steering: float, pedal: float, discs: Floats) -> tuple[float, float]:
        """Feel along the arc that this steering drives; when it ends too soon, brake, and steer where it is free."""
        steering = max(-1.0, min(1.0, steering))
        free = self._feelers.free(car, steering, discs)
        stopping = car.speed * car.speed / (2 * 5.0) + 0.25 * car.speed
        if free > stopping + 0.5:
            return steering, pedal
        if car.speed > 0.5:
            pedal = min(pedal, -max(0.0, (stopping + 0.5 - free) / (stopping + 0.5)) * 1.2)
        for nudge in (0.35, 0.7, 1.2):
            for tried in (steering + nudge, steering - nudge):
                if abs(tried) <= 1.0 and self._feelers.free(car, tried, discs) > free + 2.0:
                    return tried, pedal
        return steering, pedal


def _softened(steering: float) -> float:
    """Nears full lock smoothly instead of running into it, so that every answer up to it has its use."""
    beyond = abs(steering) - KNEE
    if beyond <= 0:
        return steering
    return math.copysign(KNEE + (1 - KNEE) * (1 - math.exp(-beyond / (1 - KNEE))), steering)


def _settled(value: float) -> float:
    return 0.0 if abs(value) < DEADBAND else max(-1.0, min(1.0, value))
