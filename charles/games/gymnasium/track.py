"""A closed road as a driver uses it: its centre line, the line it drives, and how fast each part of it may be taken.

Coordinates are Charles's: x, y in m with y to the right of x, headings in rad growing to the right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

CORNER_CUT = 2.5  # m the driven line may lie beside the centre line; the road's half width is 6.67
SMOOTHING = 120  # passes of the elastic band; more pull it tighter, which shortens the way and sharpens the last corner
SEARCH = 25  # points before and behind the last known one among which the car is looked for


@dataclass(frozen=True, slots=True)
class TrackPace:
    """How fast the line may be driven. lateral, braking: accelerations m/s^2; top: m/s; ahead: m that can be seen."""

    lateral: float = 185.0
    braking: float = 60.0
    top: float = 82.0
    ahead: float = 38.0


class Track:
    """The road from its centre line, and where on it the car is.

    centre: (n, 2) m, closed (the last point is followed by the first), a few metres apart.
    """

    def __init__(self, centre: Points, pace: TrackPace) -> None:
        self.centre = centre
        self.line = elastic_band(centre, CORNER_CUT)
        steps = np.hypot(*(np.roll(self.line, -1, axis=0) - self.line).T)
        # Two laps one after the other, so that looking ahead never meets the seam.
        self._laps = np.vstack([self.line, self.line])
        self._along = np.concatenate([[0.0], np.cumsum(np.tile(steps, 2))[:-1]])
        self.length = float(steps.sum())
        speeds = allowed_speeds(self.line, steps, pace)
        self._speeds = np.tile(speeds, 2)
        self._centre_laps = np.vstack([centre, centre])
        self._nearest = 0
        self.position = 0.0
        self.beside = 0.0  # m from the line, at least 0

    def locate(self, x: float, y: float, anywhere: bool = False) -> None:
        """Find (x, y) on the line and set `position` (m from its first point, in [0, length)) and `beside`.

        Looks near the last position only, because two parts of a road may lie beside each other; anywhere: everywhere.
        """
        n = len(self.line)
        near = np.arange(n) if anywhere else np.arange(self._nearest - SEARCH, self._nearest + SEARCH + 1) % n
        distances = np.hypot(self.line[near, 0] - x, self.line[near, 1] - y)
        self._nearest = int(near[np.argmin(distances)])
        before, after = self.line[self._nearest - 1], self.line[(self._nearest + 1) % n]
        ahead = after - before
        ahead /= np.linalg.norm(ahead)
        offset = np.array([x, y]) - self.line[self._nearest]
        past = float(offset @ ahead)
        self.beside = abs(float(ahead[0] * offset[1] - ahead[1] * offset[0]))
        self.position = (float(self._along[self._nearest]) + past) % self.length

    def ahead(self, distance: float) -> tuple[float, float]:
        """The point of the driven line `distance` m (at most a lap) after `position`."""
        along = self.position + distance
        return self._at(along, self._laps[:, 0]), self._at(along, self._laps[:, 1])

    def centre_ahead(self, distance: float) -> tuple[float, float]:
        """The point of the centre line about `distance` m (at most a lap) after `position`."""
        along = self.position + distance
        return self._at(along, self._centre_laps[:, 0]), self._at(along, self._centre_laps[:, 1])

    def heading(self, distance: float = 0.0) -> float:
        """The direction of the driven line at `distance` m after `position`, rad."""
        (x0, y0), (x1, y1) = self.ahead(distance), self.ahead(distance + 2.0)
        return math.atan2(y1 - y0, x1 - x0)

    def speed(self) -> float:
        """m/s at which the line may be driven at `position`: what comes within sight can still be braked for."""
        return self._at(self.position, self._speeds)

    def _at(self, along: float, values: Points) -> float:
        return float(np.interp(along, self._along, values))


def elastic_band(centre: Points, reach: float) -> Points:
    """The closed line that a band pulled tight takes between two walls `reach` m on either side of the centre line."""
    tangent = np.roll(centre, -1, axis=0) - np.roll(centre, 1, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    offset = np.zeros(len(centre))
    for _ in range(SMOOTHING):
        line = centre + offset[:, None] * normal
        middle = (np.roll(line, 1, axis=0) + np.roll(line, -1, axis=0)) / 2
        offset = np.clip(offset + ((middle - line) * normal).sum(axis=1), -reach, reach)
    smooth: Points = centre + offset[:, None] * normal
    return smooth


def allowed_speeds(line: Points, steps: Points, pace: TrackPace) -> Points:
    """m/s at each point of a closed line: what its curve allows, and what the curves within sight allow after braking.

    line: (n, 2) m; steps: (n,) m from each point to the next.
    """
    directions = np.arctan2(*(np.roll(line, -1, axis=0) - line).T[::-1])
    turned = np.abs(np.angle(np.exp(1j * (np.roll(directions, -1) - np.roll(directions, 2)))))
    over = np.roll(steps, 2) + np.roll(steps, 1) + steps
    curve = np.minimum(np.sqrt(pace.lateral / np.maximum(turned / over, 1e-6)), pace.top)
    allowed: Points = curve.copy()
    for points in range(1, int(pace.ahead / steps.mean()) + 1):
        distance = sum(np.roll(steps, -k) for k in range(points))
        allowed = np.minimum(allowed, np.sqrt(np.roll(curve, -points) ** 2 + 2 * pace.braking * distance))
    return allowed
