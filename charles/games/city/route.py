"""The way the car shall go: a seeded random walk over the lanes that is planned anew when the car goes another way."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from charles.games.city.paths import STEP, Path, joined, wrapped
from charles.games.city.physics import Car
from charles.games.city.roads import Roads

SEGMENTS_AHEAD = 5  # a lane, a connector, a lane, a connector, a lane: always more than anybody looks ahead
BACK, FORTH = 12, 60  # points around the last place where the car is looked for


class Route:
    """The segments from where the car is to some junctions ahead, and the car's place on them.

    path: the segments' paths in one; index: the path's point nearest to the car; offset: the car's distance from it, m.
    """

    def __init__(self, roads: Roads, rng: np.random.Generator, start: int, car: Car) -> None:
        self._roads = roads
        self._rng = rng
        self._all = joined([segment.path for segment in roads.segments])
        self._owner = np.repeat(np.arange(len(roads.segments)), [len(s.path) - 1 for s in roads.segments])
        self.path: Path
        self.plan(start, car)

    def plan(self, start: int, car: Car) -> None:
        """Forget the route; plan one that begins with this segment, and find the car on it."""
        self.segments = [start]
        self._extend()
        first = self._roads.segments[start].path
        self.index = int(np.argmin(np.hypot(*(first.points - (car.x, car.y)).T)))
        self._find(car)

    def _extend(self) -> None:
        while len(self.segments) < SEGMENTS_AHEAD:
            followers = self._roads.segments[self.segments[-1]].followers
            self.segments.append(int(followers[self._rng.integers(len(followers))]))
        parts = [self._roads.segments[index].path for index in self.segments]
        self._ends = np.cumsum([len(part) - 1 for part in parts])
        begins = self._ends - [len(part) - 1 for part in parts]
        self._waypoints = np.array([
            begin + at
            for segment, begin in zip(self.segments, begins, strict=True)
            for at in self._roads.segments[segment].waypoints
            if begin + at < self._ends[-1]
        ])  # fmt: skip
        self.path = joined(parts)
        connectors = [self._roads.segments[index].connector for index in self.segments]
        self._crossing = np.repeat(connectors, [len(part) - 1 for part in parts])

    def _find(self, car: Car) -> None:
        begin = max(0, self.index - BACK)
        near = self.path.points[begin : self.index + FORTH]
        distances = np.hypot(near[:, 0] - car.x, near[:, 1] - car.y)
        nearest = int(np.argmin(distances))
        self.index, self.offset = begin + nearest, float(distances[nearest])

    def update(self, car: Car) -> None:
        """Follow the car, which has moved by one tick."""
        self._find(car)
        astray = abs(wrapped(car.heading - self.path.heading[self.index]))
        if self.offset > 2.2 or astray > 1.2:
            self._replan(car, self.offset + 3 * astray)
        # A metre past the first segment's end the car will not come back to it.
        if self.index > self._ends[0] + 2:
            self.index -= int(self._ends[0])
            self.segments.pop(0)
            self._extend()

    def _replan(self, car: Car, present: float) -> None:
        """Take the segment that fits the car's place and heading best, when it fits clearly better than the route."""
        distances = np.hypot(self._all.points[:, 0] - car.x, self._all.points[:, 1] - car.y)
        turned = np.abs((car.heading - self._all.heading + np.pi) % (2 * np.pi) - np.pi)
        misfit = distances + 3 * turned
        best = int(np.argmin(misfit))
        if misfit[best] + 1.0 < present and self._owner[best] not in self.segments[:3]:
            self.plan(int(self._owner[best]), car)

    @property
    def next_exit(self) -> tuple[int, int]:
        """The next junction that the route crosses: its number, and the path's index of its exit."""
        for segment, end in zip(self.segments, self._ends, strict=True):
            if self._roads.segments[segment].connector and end > self.index:
                return self._roads.segments[segment].junction, int(end)
        raise AssertionError("a route of five segments holds a connector ahead of its first two")

    def purpose(self, car: Car) -> tuple[float, float]:
        """(distance m, bearing rad relative to the heading, left negative) to the next exit of a junction or a bend.

        It says which way to take there, and nothing of where in its lane the car is.
        """
        x, y = self.path.points[self._waypoints[np.searchsorted(self._waypoints, self.index, side="right")]]
        return math.hypot(x - car.x, y - car.y), wrapped(math.atan2(y - car.y, x - car.x) - car.heading)

    def ahead(self, metres: float) -> tuple[Path, NDArray[np.bool_]]:
        """The path from the car's place on, `metres` long, and for each of its points whether it is in a junction."""
        piece = slice(self.index, self.index + int(metres / STEP) + 1)
        part = Path(self.path.points[piece], self.path.heading[piece], self.path.curvature[piece])
        return part, self._crossing[piece]
