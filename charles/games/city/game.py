"""The game `city`: a town made from a seed, driven through from the hood of a car."""

from __future__ import annotations

import numpy as np

from charles.games.city.camera import Camera
from charles.games.city.driver import SIGHT, Driver
from charles.games.city.ground import kerb_distance_at
from charles.games.city.paths import Floats, rights, wrapped
from charles.games.city.physics import DISC_RADIUS, Car
from charles.games.city.roads import build_roads
from charles.games.city.route import Route
from charles.games.city.sensors import Feelers
from charles.games.city.town import GRAIN, build_town
from charles.games.city.traffic import Traffic
from charles.games.city.view import HEIGHT, WIDTH
from charles.games.game import Action, Axis, Controller, ControllerMapping, Episode, Observation, Picture, Telemetry
from charles.games.weather import known

CARS = 12  # other cars in town
SOLID = 1.5  # m beyond the kerb, where a corner of the car hits what stands there
CLEAR = 18.0  # m around the place of a respawn without another car

_AXIS = Axis(offset=0.25, positive=0.75, negative=0.75)


class City:
    """A town of curved streets, junctions and traffic. See charles.games.Game for what the methods promise."""

    mapping = ControllerMapping(steering=_AXIS, acceleration_braking=_AXIS)
    episode = Episode(score="distance", ticks=3600)
    picture_size = (HEIGHT, WIDTH)

    def __init__(self, seed: int) -> None:
        town_rng, self._rng, traffic_rng, route_rng, paint_rng = map(
            np.random.default_rng, np.random.SeedSequence(seed).spawn(5)
        )
        self._roads = build_roads(town_rng)
        self._town = build_town(self._roads, town_rng)
        self._camera = Camera(self._town, paint_rng)
        self._traffic = Traffic(self._roads, CARS, traffic_rng)
        self._driver = Driver(Feelers(self._town))
        lane, self._car = self._free_place()
        self._route = Route(self._roads, route_rng, lane, self._car)
        self._crashed = False
        self._picture: Picture | None = None
        self._tick = 0

    def observe(self) -> Observation:
        if self._picture is None:
            others = [(car, rider.colour) for car, rider in zip(self._traffic.cars, self._traffic.riders, strict=True)]
            self._picture = self._camera.picture(self._car, others, self._tick)
            self._picture.flags.writeable = False  # one picture serves every observation of this instant
        car = self._car
        distance, bearing = self._route.purpose(car)
        telemetry = Telemetry(car.speed, car.yaw_rate, float(car.x), float(car.y), car.heading, distance, bearing)
        return Observation(self._picture, telemetry, self._crashed)

    def act(self, controller: Controller) -> None:
        moved = self._car.step(self.mapping.to_action(controller))
        self._traffic.step(self._car, self._route)
        self._crashed = self._hits(moved)
        self._car = self._car.stopped() if self._crashed else moved
        self._route.update(self._car)
        self._tick += 1
        self._picture = None

    def drive(self) -> Action:
        ahead, crossing = self._route.ahead(SIGHT)
        return self._driver.drive(self._car, ahead, crossing, self._traffic.discs())

    def respawn(self) -> None:
        lane, self._car = self._free_place()
        self._route.plan(lane, self._car)
        self._crashed = False
        self._picture = None

    def set_weather(self, weather: str) -> None:
        """Takes about a third of a second when the weather changes: the town is painted anew."""
        self._camera.set_weather(known(weather))
        self._picture = None

    def close(self) -> None:
        del self._camera

    def _hits(self, car: Car) -> bool:
        """Whether the car would be in another car, or clearly off the road."""
        if kerb_distance_at(self._town.kerb_distance, car.corners(), GRAIN).max() > SOLID:
            return True
        others = self._traffic.discs().reshape(-1, 2)
        apart = np.hypot(*(car.discs()[:, None] - others).transpose(2, 0, 1))
        return bool(apart.min() < 2 * DISC_RADIUS)

    def _free_place(self) -> tuple[int, Car]:
        """A lane, and a car that stands on it, not quite in its middle, away from junctions and other cars."""
        others: Floats = np.array([(car.x, car.y) for car in self._traffic.cars])
        while True:
            lane = int(self._rng.choice(self._roads.lanes))
            path = self._roads.segments[lane].path
            index = int(self._rng.integers(len(path) // 8, len(path) * 3 // 4))
            sideways, turned = self._rng.uniform(-0.6, 0.6), self._rng.uniform(-0.2, 0.2)
            x, y = path.points[index] + sideways * rights(path.heading[index : index + 1])[0]
            if np.hypot(*(others - (x, y)).T).min() > CLEAR:
                return lane, Car(float(x), float(y), wrapped(float(path.heading[index]) + turned))
