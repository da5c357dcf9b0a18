"""The other cars: they keep to their lanes and their distance, wait at junctions, and never drive into anything."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from charles.games.city.paths import STEP, Floats
from charles.games.city.physics import DISC_RADIUS, DISCS, DT, LENGTH, Car
from charles.games.city.roads import Roads, RoadSegment
from charles.games.city.route import Route

CRUISE = 8.5  # m/s on a free road
COMFORT = 2.2  # m/s^2, sideways in curves
PUSH, BRAKE, EMERGENCY = 2.0, 3.0, 8.0  # m/s^2: greatest acceleration, usual and greatest deceleration
GAP, HEADWAY = 3.0, 1.2  # m between bumpers when standing, s more when driving
SIGHT = 30.0  # m ahead that a driver looks at
CLAIM = 75.0  # m before a junction exit from which on the player's car has it for itself


@dataclass(slots=True)
class Rider:
    """A car on rails. at: m along its segment; then: the segment after it."""

    segment: int
    at: float
    then: int
    colour: int
    speed: float = 0.0
    admitted: bool = False


class Traffic:
    """All the other cars of a town."""

    def __init__(self, roads: Roads, count: int, rng: np.random.Generator) -> None:
        self._segments = roads.segments
        self._rng = rng
        self._limits = [_speed_limit(segment) for segment in roads.segments]
        self.riders: list[Rider] = []
        slots = [
            (lane, at)
            for lane in roads.lanes
            for at in np.arange(8.0, len(roads.segments[lane].path) * STEP - 8.0, 16.0)
        ]
        for index in rng.permutation(len(slots))[:count].tolist():
            lane, at = slots[index]
            self.riders.append(Rider(lane, float(at), self._choose(lane), int(rng.integers(1000))))
        self.cars: list[Car] = []
        self._place()

    def _choose(self, segment: int) -> int:
        followers = self._segments[segment].followers
        return int(followers[self._rng.integers(len(followers))])

    def _place(self) -> None:
        self.cars = []
        for rider in self.riders:
            road = self._segments[rider.segment].path
            index = min(int(rider.at / STEP), len(road) - 1)
            rest = rider.at - index * STEP
            heading = float(road.heading[index])
            x, y = road.points[index]
            self.cars.append(Car(x + rest * math.cos(heading), y + rest * math.sin(heading), heading, rider.speed))

    def discs(self) -> Floats:
        """The middles of all bodies' discs, m, (cars, 3, 2)."""
        heading = np.array([car.heading for car in self.cars])
        middle = np.array([(car.x, car.y) for car in self.cars])
        along = np.stack([np.cos(heading), np.sin(heading)], axis=1)
        return np.asarray(middle[:, None] + DISCS[:, None] * along[:, None])

    def step(self, player: Car, route: Route) -> None:
        """One tick. player, route: the player's car and the way it goes."""
        busy = {self._segments[r.segment].junction for r in self.riders if self._segments[r.segment].connector}
        busy |= {self._segments[r.then].junction for r in self.riders if r.admitted}
        junction, exit_index = route.next_exit
        if (exit_index - route.index) * STEP < CLAIM and not self._is_queueing(route):
            busy.add(junction)
        at = np.concatenate([self.discs(), player.discs()[None]])
        for index, rider in enumerate(self.riders):
            self._drive(index, rider, at, busy)
        self._place()

    def _is_queueing(self, route: Route) -> bool:
        """Whether the player comes to the junction behind one of these cars: then that one goes first."""
        lane, at = route.segments[0], route.index * STEP
        return any(rider.segment == lane and rider.at > at for rider in self.riders)

    def _drive(self, index: int, rider: Rider, at: Floats, busy: set[int]) -> None:
        segment = self._segments[rider.segment]
        length = (len(segment.path) - 1) * STEP
        limit = float(self._limits[rider.segment][min(int(rider.at / STEP), len(segment.path) - 1)])
        free = self._free_way(index, rider, at)
        if not segment.connector and not rider.admitted:
            to_line = length - rider.at - LENGTH / 2
            if to_line < 12.0 and segment.junction not in busy and free > to_line + 6.0:
                rider.admitted = True
                busy.add(segment.junction)
            else:
                free = min(free, to_line + GAP - 0.5)
        wanted = min(limit, max(0.0, (free - GAP) / HEADWAY))
        change = float(np.clip((wanted - rider.speed) * 1.5, -EMERGENCY if free < 5.0 else -2 * BRAKE, PUSH))
        rider.speed = max(0.0, rider.speed + change * DT)
        if free < 1.0:
            rider.speed = 0.0
        rider.at += rider.speed * DT
        if rider.at >= length:
            rider.at -= length
            rider.segment, rider.then = rider.then, self._choose(rider.then)
            rider.admitted = False

    def _free_way(self, index: int, rider: Rider, at: Floats) -> float:
        """Metres before the front bumper until another car's body, at most SIGHT."""
        here, there = self._segments[rider.segment].path.points, self._segments[rider.then].path.points
        begin = int(rider.at / STEP)
        reach = int((SIGHT + LENGTH / 2) / STEP)
        way = here[begin : begin + reach : 2]
        if len(way) * 2 < reach:
            way = np.concatenate([way, there[: reach - 2 * len(way) : 2]])
        mine = at[index, 1]
        near = np.abs(at[:, 1] - mine).max(axis=1) < SIGHT + LENGTH
        near[index] = False
        others = at[near].reshape(-1, 2)
        if not len(others):
            return SIGHT
        apart = np.hypot(way[:, None, 0] - others[:, 0], way[:, None, 1] - others[:, 1]).min(axis=1)
        blocked = np.flatnonzero(apart < 2 * DISC_RADIUS)
        if not len(blocked):
            return SIGHT
        return max(0.0, float(blocked[0]) * 2 * STEP - LENGTH / 2 + 0.3)


def _speed_limit(segment: RoadSegment) -> Floats:
    """The speed, m/s, at each point of a segment: slow enough for its curves, and braking for them in time."""
    limit = np.minimum(CRUISE, np.sqrt(COMFORT / np.maximum(np.abs(segment.path.curvature), 1e-3)))
    if not segment.connector:
        limit[-1] = min(limit[-1], 4.5)  # the way through the junction may be a tight turn
    for i in range(len(limit) - 2, -1, -1):
        limit[i] = min(limit[i], math.sqrt(limit[i + 1] ** 2 + 2 * BRAKE * 0.6 * STEP))
    return limit
