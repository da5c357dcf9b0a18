"""Rays that bend with the steering: how far the car can go on like this before it hits something."""

from __future__ import annotations

import numpy as np

from charles.games.city.ground import kerb_distance_at
from charles.games.city.paths import Floats
from charles.games.city.physics import DISC_RADIUS, LENGTH, WIDTH, Car, greatest_curvature
from charles.games.city.town import GRAIN, Town

REACH = 20.0  # m
SPACING = 0.5  # m between two points of a ray
OFF_ROAD = 1.0  # m beyond the kerb where rays take the world to be solid; crashing begins later


class Feelers:
    """Two rays, from the left and the right front corner, along the arc that the steering drives."""

    def __init__(self, town: Town) -> None:
        self._map = town.kerb_distance
        self._along = np.arange(0.0, REACH, SPACING)

    def free(self, car: Car, steering: float, discs: Floats) -> float:
        """Metres until a corner leaves the road clearly or touches another car; at most REACH.

        discs: the middles of other cars' discs, (cars, 3, 2) m.
        """
        bend = steering * greatest_curvature(car.speed)
        headings = car.heading + bend * self._along
        steps = SPACING * np.stack([np.cos(headings), np.sin(headings)], axis=1)
        middle = np.array([car.x, car.y]) + np.cumsum(steps, axis=0) - steps[0]
        ahead, right = steps / SPACING, np.stack([-steps[:, 1], steps[:, 0]], axis=1) / SPACING
        points = middle + LENGTH / 2 * ahead
        rays = np.stack([points - WIDTH / 2 * right, points + WIDTH / 2 * right])  # (2, n, 2)
        hit = (kerb_distance_at(self._map, rays, GRAIN) > OFF_ROAD).any(axis=0)
        near = discs[np.abs(discs[:, 1] - (car.x, car.y)).max(axis=1) < REACH + LENGTH].reshape(-1, 2)
        if len(near):
            apart = np.hypot(points[:, None, 0] - near[:, 0], points[:, None, 1] - near[:, 1])
            hit |= (apart < 2 * DISC_RADIUS - 0.1).any(axis=1)
        first = np.flatnonzero(hit)
        return float(first[0]) * SPACING if len(first) else REACH
