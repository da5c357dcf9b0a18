"""CarRacing as a game: what it shows, what it takes, how its NPC drives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest

from charles.games.game import Action, Controller
from charles.games.gymnasium import CarRacing
from charles.games.gymnasium.quick_render import QuickCarRacing
from charles.games.weather import WEATHERS

SEED = 1_000_000


@pytest.fixture
def game() -> Iterator[CarRacing]:
    game = CarRacing(SEED)
    yield game
    game.close()


class Spy:
    """An environment that writes down the actions it is given."""

    def __init__(self, env: Any) -> None:
        self.unwrapped, self.actions = env, []

    def step(self, action: Any) -> Any:
        self.actions.append(action)
        return self.unwrapped.step(action)


def stock() -> Any:
    return gymnasium.make("CarRacing-v3", max_episode_steps=2_000)


def wiggle(tick: int) -> Controller:
    return Controller(0.3 * math.sin(tick / 7), 0.5 + 0.4 * math.cos(tick / 11))


def test_the_same_seed_and_controllers_give_the_same_observations() -> None:
    one, other = CarRacing(7), CarRacing(7)
    for tick in range(60):
        for game in (one, other):
            if tick == 30:
                game.respawn()
            game.act(wiggle(tick))
        assert np.array_equal(one.observe().hood, other.observe().hood)
        assert one.observe().telemetry == other.observe().telemetry
        assert one.observe().reward == other.observe().reward


def test_a_respawn_leads_to_another_track_than_any_that_is_asked_for(game: CarRacing, monkeypatch: Any) -> None:
    seeds: list[int] = []
    reset = game.env.reset
    monkeypatch.setattr(game.env, "reset", lambda seed: (seeds.append(seed), reset(seed=seed))[1])
    first = game.env.unwrapped.track
    for _ in range(3):
        game.respawn()
        assert game.env.unwrapped.track != first
    assert len(set(seeds)) == 3
    assert min(seeds) >= 2**31


def test_pictures_and_rewards_are_those_of_the_stock_environment() -> None:
    game, env = CarRacing(SEED), stock()
    pixels, _ = env.reset(seed=SEED)
    assert np.array_equal(game.observe().hood, pixels[:84])
    for tick in range(120):
        action = game.drive()
        controller = game.mapping.to_controller(action)
        pedals = controller.acceleration_braking
        pixels, reward, *_ = env.step(np.array([controller.steering, max(pedals, 0), max(-pedals, 0)], np.float32))
        game.act(controller)
        seen = game.observe()
        assert np.array_equal(seen.hood, pixels[:84]), tick
        assert seen.reward == reward


def test_quick_pictures_equal_stock_ones_from_everywhere() -> None:
    quick, env = QuickCarRacing(), stock()
    quick.reset(seed=3), env.reset(seed=3)
    rng = np.random.default_rng(3)
    for x, y, angle in rng.uniform((-350, -350, -7), (350, 350, 7), (40, 3)):
        for each in (quick, env.unwrapped):
            each.t = 2.0  # past the first second's zoom
            each.car.hull.position, each.car.hull.angle = (x, y), angle
        assert np.array_equal(quick._render("state_pixels"), env.unwrapped._render("state_pixels"))


def test_the_picture_has_the_declared_size_and_no_indicators(game: CarRacing) -> None:
    seen = game.observe()
    assert seen.hood.shape == (*game.picture_size, 3)
    assert seen.hood.dtype == np.uint8
    assert seen.hood[-1].max() > 0  # the bar of indicators is black


def test_every_weather_is_accepted_and_changes_nothing_and_an_unknown_one_is_refused(game: CarRacing) -> None:
    before = game.observe()
    for weather in WEATHERS:
        game.set_weather(weather)
        assert np.array_equal(game.observe().hood, before.hood)
        assert game.observe().telemetry == before.telemetry
    with pytest.raises(ValueError, match="clear, overcast, rain, fog, night"):
        game.set_weather("hail")


def test_labels_through_the_mapping_reproduce_the_npcs_drive_exactly(game: CarRacing) -> None:
    spy = Spy(game.env)
    monkey_env, game.env = game.env, spy  # type: ignore[assignment]
    driven: list[Action] = []
    for _ in range(150):
        driven.append(game.drive())
        game.act(game.mapping.to_controller(driven[-1]))
    game.env = monkey_env
    for action, (steering, gas, brake) in zip(driven, spy.actions, strict=True):
        assert steering == np.float32(0.4 * action.steering)
        assert gas == np.float32(max(action.acceleration_braking, 0))
        assert brake == np.float32(0.8 * max(-action.acceleration_braking, 0))
        back = game.mapping.to_action(Controller(float(steering), action.acceleration_braking))
        assert back.steering == pytest.approx(action.steering, abs=1e-6)


def test_a_full_action_turns_the_wheels_fully_and_never_locks_them(game: CarRacing) -> None:
    assert game.mapping.to_controller(Action(1.0, -1.0)) == Controller(0.4, -0.8)
    assert game.mapping.to_controller(Action(-5.0, 5.0)) == Controller(-0.4, 1.0)
    assert game.mapping.to_controller(Action(0.0, 0.0)) == Controller(0.0, 0.0)


def test_steering_right_turns_right_in_every_figure(game: CarRacing) -> None:
    for _ in range(60):
        game.act(Controller(0.0, 0.5))
    before = game.observe().telemetry
    for _ in range(8):
        game.act(Controller(0.4, 0.0))
    after = game.observe().telemetry
    assert after.yaw_rate > 0.1
    assert after.heading - before.heading > 0.01
    # The car moves where its heading points, and the point to reach wanders off to the left.
    assert math.atan2(after.y - before.y, after.x - before.x) == pytest.approx(before.heading, abs=0.3)
    assert after.purpose_bearing < before.purpose_bearing


def test_the_purpose_is_ahead_on_the_road(game: CarRacing) -> None:
    seen = game.observe().telemetry
    assert 20 < seen.purpose_distance <= 100
    assert abs(seen.purpose_bearing) < math.pi / 2


def test_leaving_the_road_is_one_crash(game: CarRacing) -> None:
    crashes = 0
    for _ in range(150):
        game.act(Controller(0.4, 0.6))
        crashes += game.observe().crashed
        if game.off_road():
            break
    assert crashes == 1
    game.act(Controller(0.0, 0.0))
    assert game.off_road()
    assert not game.observe().crashed


def test_nothing_happens_once_the_car_left_the_field(game: CarRacing) -> None:
    game.env.unwrapped.car.hull.position = (1_000.0, 0.0)
    game.act(Controller(0.0, 0.0))
    last = game.observe()
    assert last.over
    assert last.reward == -100
    game.act(Controller(0.4, 1.0))
    assert game.observe().over
    assert game.observe().reward == 0
    assert np.array_equal(game.observe().hood, last.hood)
    game.respawn()
    assert not game.observe().over


def test_the_npc_answers_a_disturbance_over_the_whole_range(game: CarRacing) -> None:
    answers: list[Action] = []
    for tick in range(400):
        action = game.drive()
        answers.append(action)
        burst = math.copysign(0.4, math.sin(tick / 60)) if tick % 60 < 12 else None
        controller = game.mapping.to_controller(action)
        game.act(Controller(controller.steering if burst is None else burst, controller.acceleration_braking))
    for values in ([a.steering for a in answers], [a.acceleration_braking for a in answers]):
        assert min(values) == -1
        assert max(values) == 1
        assert 0.0 in values


def test_the_npc_drives_a_lap_for_more_than_900_points(game: CarRacing) -> None:
    total = 0.0
    for _ in range(game.episode.ticks):
        game.act(game.mapping.to_controller(game.drive()))
        total += game.observe().reward
        assert not game.observe().crashed
        if game.observe().over:
            break
    assert total > 900
