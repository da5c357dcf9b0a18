"""The route: where it leads, and what it tells the driver."""

import math

import numpy as np
import pytest

from charles.games.city.paths import STEP, rights
from charles.games.city.physics import Car
from charles.games.city.roads import Roads, build_roads
from charles.games.city.route import Route


@pytest.fixture(scope="module")
def roads() -> Roads:
    return build_roads(np.random.default_rng(4))


def car_at(roads: Roads, segment: int, index: int, sideways: float = 0.0, turned: float = 0.0) -> Car:
    path = roads.segments[segment].path
    x, y = path.points[index] + sideways * rights(path.heading[index : index + 1])[0]
    return Car(float(x), float(y), float(path.heading[index]) + turned)


def planned(roads: Roads, segment: int, car: Car) -> Route:
    return Route(roads, np.random.default_rng(0), segment, car)


def test_the_purpose_is_the_exit_of_the_next_junction(roads: Roads) -> None:
    lane = next(lane for lane in roads.lanes if not roads.segments[lane].waypoints)
    route = planned(roads, lane, car_at(roads, lane, 10))
    exit_point = roads.segments[route.segments[1]].path.points[-1]
    car = car_at(roads, lane, 10)
    distance, _ = route.purpose(car)
    assert distance == pytest.approx(math.hypot(*(exit_point - (car.x, car.y))), abs=0.01)


def test_a_bend_has_its_own_waypoint_so_that_the_purpose_never_lies_behind(roads: Roads) -> None:
    lane = next(lane for lane in roads.lanes if roads.segments[lane].waypoints)
    route = planned(roads, lane, car_at(roads, lane, 0))
    for index in range(len(roads.segments[lane].path)):
        car = car_at(roads, lane, index)
        route.update(car)
        assert abs(route.purpose(car)[1]) < math.pi / 2


@pytest.mark.parametrize("lane_number", range(6))
def test_the_bearing_is_negative_when_the_way_turns_left(roads: Roads, lane_number: int) -> None:
    lane = roads.lanes[lane_number]
    last = len(roads.segments[lane].path) - 1
    car = car_at(roads, lane, last)
    route = planned(roads, lane, car)
    connector = roads.segments[route.segments[1]].path
    turn = connector.heading[-1] - connector.heading[0]
    turn = (turn + math.pi) % (2 * math.pi) - math.pi
    _, bearing = route.purpose(car)
    assert abs(bearing) < 0.2 if abs(turn) < 0.5 else bearing * turn > 0


def test_the_purpose_tells_nothing_of_the_place_in_the_lane(roads: Roads) -> None:
    """The point stays where it is while the car is anywhere in its lane."""
    lane = roads.lanes[2]
    targets = []
    for sideways in (-1.0, 0.0, 1.0):
        car = car_at(roads, lane, 12, sideways)
        distance, bearing = planned(roads, lane, car).purpose(car)
        angle = car.heading + bearing
        targets.append((car.x + distance * math.cos(angle), car.y + distance * math.sin(angle)))
    assert np.ptp(targets, axis=0) == pytest.approx([0, 0], abs=1e-6)


def test_a_car_that_takes_another_way_gets_another_route(roads: Roads) -> None:
    lane = next(lane for lane in roads.lanes if len(roads.segments[lane].followers) > 1)
    route = planned(roads, lane, car_at(roads, lane, len(roads.segments[lane].path) - 4))
    other = next(f for f in roads.segments[lane].followers if f != route.segments[1])
    for index in range(len(roads.segments[other].path)):
        route.update(car_at(roads, other, index))
    (after,) = roads.segments[other].followers
    for index in range(10):
        route.update(car_at(roads, after, index))
    assert after in route.segments[:2]


def test_a_car_that_turned_round_gets_a_route_the_way_it_faces(roads: Roads) -> None:
    lane = roads.lanes[0]
    middle = len(roads.segments[lane].path) // 2
    route = planned(roads, lane, car_at(roads, lane, middle))
    car = car_at(roads, lane, middle, sideways=-3.0, turned=math.pi)
    route.update(car)
    assert route.segments[0] == lane ^ 1
    assert route.offset < 1.5


def test_the_way_ahead_begins_at_the_car(roads: Roads) -> None:
    lane = roads.lanes[1]
    car = car_at(roads, lane, 30)
    ahead, crossing = planned(roads, lane, car).ahead(20.0)
    assert len(ahead) == len(crossing) == int(20.0 / STEP) + 1
    assert ahead.points[0] == pytest.approx((car.x, car.y), abs=0.5)
