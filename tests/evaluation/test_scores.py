"""How drives are scored, on a road that can be scored by hand."""

from __future__ import annotations

import io
import itertools
import multiprocessing
from dataclasses import replace

import keras
import pytest
from rich.console import Console

from charles.config import Unstuck
from charles.evaluation.drivers import Network
from charles.evaluation.driving import EvaluationDrive, drive
from charles.evaluation.scores import evaluate
from charles.evaluation.workers import Interrupted
from charles.games.game import Action, Observation
from charles.models import Predictor, build
from tests.checkpoints.test_weights_file import MANIFEST
from tests.evaluation.tiny_game import PaidRoad, Road, crawls, full_throttle, never_moves, sleeps

UNSTUCK = Unstuck(distance=2.0, seconds=1.0)


def test_a_drive_is_worth_the_metres_before_its_first_crash() -> None:
    driven = drive(Road(seed=7), full_throttle, 7, UNSTUCK)
    assert driven == EvaluationDrive(seed=7, score=17.0, metres=17.0, ticks=17, end="crashed")


def test_a_car_that_does_not_move_is_stuck_after_the_settings_time() -> None:
    driven = drive(Road(seed=0), never_moves, 0, UNSTUCK)
    assert (driven.end, driven.metres) == ("stuck", 0.0)
    assert driven.ticks == pytest.approx(30, abs=1)


def test_a_drive_ends_at_the_episodes_cap() -> None:
    driven = drive(Road(seed=5), crawls, 5, Unstuck(distance=0.1, seconds=1.0))
    assert (driven.end, driven.ticks) == ("cap", 200)
    assert driven.score == pytest.approx(200 * 0.05)


def test_a_scored_game_counts_its_rewards_until_it_is_over_whatever_the_car_hits() -> None:
    driven = drive(PaidRoad(seed=0), full_throttle, 0, UNSTUCK)
    assert (driven.end, driven.score, driven.metres) == ("over", 100.0, 10.0)
    assert drive(PaidRoad(seed=0), never_moves, 0, UNSTUCK).end == "over"


def test_who_watches_is_told_every_tick_and_what_was_reached_before_it() -> None:
    told: list[tuple[Observation, Action, float]] = []
    drive(Road(seed=0), full_throttle, 0, UNSTUCK, cap=4, watch=lambda *tick: told.append(tick))
    assert [score for _, _, score in told] == [0, 1, 2, 3]
    assert [seen.telemetry.x for seen, _, _ in told] == [0, 1, 2, 3]


@pytest.mark.parametrize("workers", [0, 2])
def test_every_driver_meets_every_world_and_workers_change_nothing(workers: int) -> None:
    finished = []
    scores = evaluate(
        "road",
        Road,
        {"quick": full_throttle, "parked": never_moves},
        [3, 1, 2],
        UNSTUCK,
        workers=workers,
        finished=lambda name, driven: finished.append((name, driven.seed)),
    )
    assert scores.values("quick") == [13, 11, 12]
    assert scores.values("parked") == [0, 0, 0]
    assert scores.mean("quick") == 12
    assert sorted(finished) == sorted((name, seed) for name in ("quick", "parked") for seed in (1, 2, 3))


def test_stop_ends_it_and_leaves_no_process_behind() -> None:
    asked = itertools.count()
    with pytest.raises(Interrupted):
        evaluate("road", Road, {"slow": sleeps}, range(4), UNSTUCK, workers=2, stop=lambda: next(asked) == 4)
    assert multiprocessing.active_children() == []


def test_the_table_and_the_json_say_mean_median_and_the_ends() -> None:
    scores = evaluate("road", Road, {"quick": full_throttle}, [0, 1, 5], UNSTUCK)
    out = io.StringIO()
    Console(file=out, width=120).print(scores.table())
    assert "3 crashed" in out.getvalue()
    (facts,) = scores.as_json()["drivers"].values()
    assert [facts[name] for name in ("mean", "median", "min", "max")] == [12, 11, 10, 15]
    assert [driven["end"] for driven in facts["drives"]] == ["crashed"] * 3


def test_untrained_weights_are_those_that_a_trainer_of_the_same_seed_begins_with() -> None:
    keras.utils.set_random_seed(3)
    trainer = Predictor(build("pilot", Road.picture_size))
    road = Road(seed=5)
    seen = road.observe()
    car = seen.telemetry
    predicted = trainer(seen.hood, car.speed, car.purpose_distance, car.purpose_bearing)
    height, width = Road.picture_size
    manifest = replace(MANIFEST, picture_width=width, picture_height=height)
    driven = Network(manifest, None, seed=3)(road, seen)
    assert driven == Action(*predicted["steering"], *predicted["acceleration_braking"])


def test_what_a_network_does_not_predict_is_driven_by_the_game() -> None:
    road = Road(seed=5)
    height, width = Road.picture_size
    manifest = replace(MANIFEST, picture_width=width, picture_height=height, outputs=["steering"])
    driven = Network(manifest, None, seed=3)(road, road.observe())
    assert driven.acceleration_braking == road.drive().acceleration_braking
    assert driven.steering != road.drive().steering
