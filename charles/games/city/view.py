"""The hood camera's geometry: where things of the world lie in the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charles.games.city.facades import LEVELS, NEAREST
from charles.games.city.paths import Floats
from charles.games.city.physics import Car

WIDTH, HEIGHT = 480, 270  # pixels
FOCAL = 343.0  # pixels: 70 degrees from left to right
HORIZON = 104  # the row of the horizon; the camera does not tilt, so that what stands upright stays upright
CENTRE = WIDTH / 2
EYE = 1.6  # m above the ground
AHEAD = 0.5  # m, the camera's place before the car's middle
NEAR = 0.4  # m, nothing nearer is drawn


@dataclass(frozen=True, slots=True)
class View:
    """A camera's place. x, y m; cos, sin of its heading."""

    x: float
    y: float
    cos: float
    sin: float

    @classmethod
    def from_car(cls, car: Car) -> View:
        cos, sin = math.cos(car.heading), math.sin(car.heading)
        return cls(car.x + AHEAD * cos, car.y + AHEAD * sin, cos, sin)

    def seen(self, points: Floats) -> tuple[Floats, Floats]:
        """(metres to the right, metres ahead) of points (..., 2)."""
        dx, dy = points[..., 0] - self.x, points[..., 1] - self.y
        return dy * self.cos - dx * self.sin, dx * self.cos + dy * self.sin


def projected(right: Floats, ahead: Floats, up: Floats | float) -> NDArray[np.int32]:
    """Picture coordinates (n, 2) with 4 fractional bits (OpenCV's shift=4) of points before the camera, in m."""
    columns = CENTRE + FOCAL * right / ahead
    rows = HORIZON - FOCAL * (up - EYE) / ahead
    return np.clip(np.round(np.stack([columns, rows], axis=-1) * 16), -(2**18), 2**18).astype(np.int32)


def level_of(distance: float) -> int:
    """The level of detail and haze of things at a distance, m."""
    return min(LEVELS - 1, max(0, math.floor(math.log2(max(distance, 1.0) / NEAREST)) + 1))
