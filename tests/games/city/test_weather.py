"""Weather in the city: what changes in the pictures, and what never does."""

import hashlib
import itertools
import platform

import cv2
import numpy as np
import pytest

from charles.games.city import City
from charles.games.city.looks import LOOKS
from charles.games.city.physics import Car
from charles.games.game import Controller, Picture
from charles.games.weather import WEATHERS

AVX2 = 11  # OpenCV's number of it; it rounds differently without
OTHERS = [weather for weather in WEATHERS if weather != "clear"]
CLEAR = {  # what the pictures were before there was any weather: trained weights know these
    1: ("f8cafd92c8dd531d", "2c6d9ac6ae043641", "96f599a5a20dd4f2"),
    7: ("a9cee3d949a7afb0", "fb5304d16ab21d74", "81ee8031feeb6ede"),
    23: ("210c1c9a98306515", "8291f9460cf201ad", "672f947d874ee104"),
}


@pytest.fixture(scope="module")
def town() -> City:
    return City(seed=7)


def seen(game: City, weather: str) -> Picture:
    game.set_weather(weather)
    return game.observe().hood


def driven(game: City, ticks: int) -> None:
    for _ in range(ticks):
        game.act(game.mapping.to_controller(game.drive()))


def digest(picture: Picture) -> str:
    return hashlib.sha256(picture.tobytes()).hexdigest()[:16]


@pytest.mark.skipif(
    cv2.__version__ != "5.0.0" or platform.machine() != "x86_64" or not cv2.checkHardwareSupport(AVX2),
    reason="the digests hold for OpenCV 5.0.0 on x86-64 with AVX2: others round differently",
)
@pytest.mark.parametrize("seed", CLEAR)
def test_clear_pictures_are_what_they_were_before_there_was_weather(seed: int) -> None:
    game = City(seed)
    digests = [digest(game.observe().hood)]
    for _ in range(2):
        driven(game, 30)
        digests.append(digest(game.observe().hood))
    assert tuple(digests) == CLEAR[seed]


@pytest.mark.parametrize("weather", OTHERS)
def test_a_weather_changes_the_whole_picture_and_clear_brings_back_every_byte(town: City, weather: str) -> None:
    before = seen(town, "clear")
    changed = seen(town, weather)
    assert changed.shape == before.shape
    assert changed.dtype == before.dtype
    difference = np.abs(changed.astype(int) - before).max(axis=2)
    for part in (slice(0, 90), slice(110, 240)):  # the sky, the road
        assert np.median(difference[part]) > 5
    assert np.array_equal(seen(town, "clear"), before)


def test_no_two_weathers_look_alike(town: City) -> None:
    pictures = [seen(town, weather).astype(int) for weather in WEATHERS]
    for one, other in itertools.combinations(pictures, 2):
        assert np.abs(one - other).mean() > 10


def test_the_same_seed_weather_and_controllers_give_the_same_pictures() -> None:
    one, other = City(seed=5), City(seed=5)
    for weather in WEATHERS:
        other.set_weather("rain")  # what the weather was before makes no difference
        for game in (one, other):
            game.set_weather(weather)
        for _ in range(6):
            assert np.array_equal(one.observe().hood, other.observe().hood)
            for game in (one, other):
                driven(game, 1)


def test_the_weather_never_changes_how_the_car_moves() -> None:
    calm, changing = City(seed=6), City(seed=6)
    for tick in range(90):
        if tick % 15 == 0:
            changing.set_weather(WEATHERS[tick // 15 % len(WEATHERS)])
        assert calm.observe().telemetry == changing.observe().telemetry
        for game in (calm, changing):
            driven(game, 1)


def test_the_weather_stays_when_the_car_is_put_elsewhere() -> None:
    game, other = City(seed=8), City(seed=8)
    game.set_weather("night")
    game.respawn()
    other.respawn()
    assert np.array_equal(game.observe().hood, seen(other, "night"))


def test_rain_falls_on_a_standing_car_and_holds_still_within_a_tick(town: City) -> None:
    town.respawn()
    town.set_weather("rain")
    pictures = []
    for _ in range(3):
        pictures.append(town.observe().hood[:60].astype(int))
        assert np.array_equal(town.observe().hood[:60], pictures[-1])
        town.act(Controller(steering=0.0, acceleration_braking=0.0))
    for one, other in itertools.pairwise(pictures):
        assert np.abs(one - other).max() > 20


def test_an_unknown_weather_is_refused_and_changes_nothing(town: City) -> None:
    before = seen(town, "fog")
    with pytest.raises(ValueError, match="'hail'; there are: clear, overcast, rain, fog, night"):
        town.set_weather("hail")
    assert np.array_equal(town.observe().hood, before)


def test_fog_takes_the_colours_of_a_car_the_more_the_farther_it_is(town: City) -> None:
    """One red car, ever farther away: what its colour differs by from the fog's."""
    town.set_weather("fog")
    camera, fog = town._camera, np.array(LOOKS["fog"].air)
    here = Car(-200.0, -200.0, 0.0)  # out in the fields, where nothing else stands
    shown = []
    for metres in (6.0, 12.0, 25.0, 50.0):
        empty = camera.picture(here, [], 0).astype(int)
        body = np.abs(camera.picture(here, [(Car(here.x + metres, here.y, 0.0), 0)], 0) - empty).max(axis=2) > 3
        red = camera.picture(here, [(Car(here.x + metres, here.y, 0.0), 0)], 0)[body].astype(int)
        shown.append(float(np.abs(red - fog).max(axis=1).mean()))
    assert shown == sorted(shown, reverse=True)
    assert shown[-1] < 0.4 * shown[0]


def test_headlights_light_the_road_before_the_car_and_nothing_beside_it(town: City) -> None:
    road = seen(town, "night").astype(float) / np.maximum(seen(town, "clear"), 1)
    assert np.median(road[175:215, 200:280]) > 2 * np.median(road[175:215, :40])
