"""When a car is stuck. Pure."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from charles.driving.stuck_detector import StuckDetector

TICKS_OF_FIVE_SECONDS = 150


def first_stuck(places: list[tuple[float, float]]) -> int | None:
    detector = StuckDetector(2.0, 5.0)
    return next((tick for tick, place in enumerate(places) if detector.update(*place)), None)


def test_a_standing_car_is_stuck_after_five_seconds_and_not_before() -> None:
    assert first_stuck([(3.0, 4.0)] * 200) == TICKS_OF_FIVE_SECONDS


def test_a_car_that_trembles_on_the_spot_is_stuck() -> None:
    assert first_stuck([(tick % 2 * 1.9, 0.0) for tick in range(200)]) == TICKS_OF_FIVE_SECONDS


@given(st.floats(0.5, 50), st.floats(-math.pi, math.pi))
def test_a_moving_car_is_not_stuck(speed: float, heading: float) -> None:
    steps = [tick * speed / 30 for tick in range(400)]
    assert first_stuck([(s * math.cos(heading), s * math.sin(heading)) for s in steps]) is None


def test_a_car_that_creeps_less_than_two_metres_in_five_seconds_is_stuck() -> None:
    assert first_stuck([(tick * 0.39 / 30, 0.0) for tick in range(200)]) == TICKS_OF_FIVE_SECONDS


def test_it_stays_stuck_until_it_moves_or_is_reset() -> None:
    detector = StuckDetector(2.0, 1.0)
    assert [detector.update(0, 0) for _ in range(35)] == [False] * 30 + [True] * 5
    assert not detector.update(2.0, 0)
    for _ in range(29):
        assert not detector.update(2.0, 0)
    detector.reset()
    assert [detector.update(2.0, 0) for _ in range(31)] == [False] * 30 + [True]


def test_a_place_that_is_no_number_is_no_progress() -> None:
    assert first_stuck([(math.nan, math.nan)] * 200) == TICKS_OF_FIVE_SECONDS
    assert first_stuck([(0.0, 0.0)] + [(math.nan, 1.0)] * 200) == TICKS_OF_FIVE_SECONDS
