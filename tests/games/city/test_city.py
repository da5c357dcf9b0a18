"""What a user of the game `city` can rely on."""

import hashlib
import math

import numpy as np
import pytest

from charles.games.city import City
from charles.games.city.camera import Camera
from charles.games.game import Action, Controller

FULL_THROTTLE = Controller(steering=0.0, acceleration_braking=1.0)


@pytest.fixture(scope="module")
def town() -> City:
    return City(seed=7)


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Towns without pictures, which open and run quickly: for drives in which nobody looks."""
    monkeypatch.setattr(Camera, "__init__", lambda *_: None)
    monkeypatch.setattr(Camera, "picture", lambda *_: np.zeros((270, 480, 3), np.uint8))


def drive(game: City, ticks: int) -> float:
    """Let the NPC drive; the metres it came before its first crash."""
    metres = 0.0
    before = game.observe().telemetry
    for _ in range(ticks):
        game.act(game.mapping.to_controller(game.drive()))
        after = game.observe()
        if after.crashed:
            break
        metres += math.hypot(after.telemetry.x - before.x, after.telemetry.y - before.y)
        before = after.telemetry
    return metres


def diary(seed: int, controllers: list[Controller]) -> str:
    """A digest of every picture and all telemetry of a drive with a respawn in it."""
    game = City(seed)
    digest = hashlib.sha256()
    for tick, controller in enumerate(controllers):
        seen = game.observe()
        digest.update(seen.hood.tobytes())
        digest.update(repr((seen.telemetry, seen.crashed, game.drive())).encode())
        game.act(controller)
        if tick == len(controllers) // 2:
            game.respawn()
    return digest.hexdigest()


def test_the_same_seed_and_controllers_give_the_same_pictures_and_telemetry() -> None:
    rng = np.random.default_rng(3)
    controllers = [Controller(*rng.uniform(-1, 1, 2)) for _ in range(12)] + [FULL_THROTTLE] * 12
    assert diary(5, controllers) == diary(5, controllers)


def test_a_picture_is_rgb_of_the_declared_size_and_observing_changes_nothing(town: City) -> None:
    first, second = town.observe(), town.observe()
    assert first.hood.shape == (*town.picture_size, 3) == (270, 480, 3)
    assert first.hood.dtype == np.uint8
    assert (first.hood == second.hood).all()
    assert first.telemetry == second.telemetry


def test_the_picture_shows_sky_above_and_road_before_the_car(town: City) -> None:
    town.respawn()
    hood = town.observe().hood.astype(int)
    red, _, blue = hood[:20].reshape(-1, 3).mean(axis=0)
    assert blue > red
    road = hood[215:240, 200:280].reshape(-1, 3)
    assert 30 < np.median(road) < 110


@pytest.mark.usefixtures("blind")
def test_labels_through_the_mapping_reproduce_the_drive() -> None:
    """The mapping undoes the dead zone: the car does exactly what the NPC wanted, to a float's rounding."""
    game = City(seed=11)
    for _ in range(90):
        action = game.drive()
        done = game.mapping.to_action(game.mapping.to_controller(action))
        assert done.steering == pytest.approx(action.steering, abs=1e-12)
        assert done.acceleration_braking == pytest.approx(action.acceleration_braking, abs=1e-12)
        speed = game.observe().telemetry.speed
        game.act(game.mapping.to_controller(action))
        if action.acceleration_braking > 0.1:
            assert game.observe().telemetry.speed > speed


def test_nothing_happens_within_the_dead_zone(town: City) -> None:
    town.respawn()
    before = town.observe().telemetry
    for _ in range(10):
        town.act(Controller(steering=0.25, acceleration_braking=0.25))
    after = town.observe().telemetry
    assert (after.x, after.y, after.heading, after.speed) == (before.x, before.y, before.heading, 0.0)


def test_steering_right_turns_the_heading_right(town: City) -> None:
    town.respawn()
    for _ in range(15):
        town.act(town.mapping.to_controller(Action(steering=0.5, acceleration_braking=1.0)))
    assert town.observe().telemetry.yaw_rate > 0


@pytest.mark.usefixtures("blind")
@pytest.mark.parametrize("seed", [21, 22])
def test_the_npc_drives_on_without_a_crash(seed: int) -> None:
    assert drive(City(seed), ticks=1800) > 300


@pytest.mark.usefixtures("blind")
def test_leaving_the_road_is_a_crash_and_the_game_goes_on() -> None:
    town = City(seed=3)
    for _ in range(600):
        town.act(FULL_THROTTLE)
        if town.observe().crashed:
            break
    seen = town.observe()
    assert seen.crashed
    assert not seen.over
    assert seen.telemetry.speed == 0
    town.respawn()
    assert not town.observe().crashed
    assert drive(town, ticks=150) > 10


def test_a_respawn_puts_the_car_elsewhere_standing_in_a_lane(town: City) -> None:
    places = set()
    for _ in range(8):
        town.respawn()
        seen = town.observe().telemetry
        assert seen.speed == 0
        assert seen.purpose_distance > 5
        assert abs(town.drive().steering) < 1
        places.add((round(seen.x), round(seen.y)))
    assert len(places) > 4


def test_another_seed_is_another_town(town: City) -> None:
    assert not (City(1).observe().hood == town.observe().hood).all()
