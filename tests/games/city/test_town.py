"""Roads, what stands beside them, and who else drives on them."""

import numpy as np
import pytest

from charles.games.city.ground import kerb_distance_at
from charles.games.city.physics import DISC_RADIUS, Car
from charles.games.city.roads import GRID, build_roads
from charles.games.city.route import Route
from charles.games.city.town import GRAIN, build_town
from charles.games.city.traffic import Traffic

SEEDS = range(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_town_has_junctions_and_lanes_that_a_car_can_follow(seed: int) -> None:
    roads = build_roads(np.random.default_rng(seed))
    assert 6 <= len(roads.junctions) <= GRID * GRID
    for segment in roads.segments:
        assert len(segment.followers) >= 1
        assert np.abs(segment.path.curvature).max() < 1 / 5.0
        for follower in segment.followers:
            gap = roads.segments[follower].path.points[0] - segment.path.points[-1]
            assert np.hypot(*gap) < 0.01


def test_seeds_differ_in_their_roads() -> None:
    middles = {build_roads(np.random.default_rng(seed)).junctions.tobytes() for seed in SEEDS}
    assert len(middles) == len(SEEDS)


def test_lanes_are_on_the_road_and_houses_are_not() -> None:
    rng = np.random.default_rng(1)
    town = build_town(build_roads(rng), rng)
    for segment in town.roads.segments:
        assert kerb_distance_at(town.kerb_distance, segment.path.points, GRAIN).max() == 0
    for block in town.buildings + town.hedges:
        assert kerb_distance_at(town.kerb_distance, block.corners, GRAIN).min() > 1.5


def test_traffic_moves_and_never_touches_itself() -> None:
    roads = build_roads(np.random.default_rng(2))
    traffic = Traffic(roads, 12, np.random.default_rng(3))
    parked = Car(-500.0, -500.0, 0.0)
    route = Route(roads, np.random.default_rng(4), roads.lanes[0], parked)
    travelled = 0.0
    for _ in range(600):
        traffic.step(parked, route)
        travelled += sum(car.speed for car in traffic.cars) / 30
        discs = traffic.discs()
        apart = np.linalg.norm(discs[:, None, :, None] - discs[None, :, None, :], axis=-1).min(axis=(2, 3))
        assert (apart + 99 * np.eye(len(apart))).min() > 2 * DISC_RADIUS - 0.3
    assert travelled > 12 * 20 * 2.5


def test_traffic_stops_before_a_car_that_stands_in_its_lane() -> None:
    roads = build_roads(np.random.default_rng(2))
    traffic = Traffic(roads, 1, np.random.default_rng(3))
    rider = traffic.riders[0]
    path = roads.segments[rider.segment].path
    index = min(int(rider.at / 0.5) + 40, len(path) - 1)
    standing = Car(*path.points[index].tolist(), float(path.heading[index]))
    route = Route(roads, np.random.default_rng(4), rider.segment, standing)
    for _ in range(450):
        traffic.step(standing, route)
    gap = np.hypot(*(traffic.discs()[0] - (standing.x, standing.y)).T).min()
    assert traffic.cars[0].speed < 0.1
    assert gap > 2 * DISC_RADIUS
