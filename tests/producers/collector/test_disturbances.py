"""Noise on the controls. Pure."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.games.game import Action
from producers.collector.disturbances import PEDALS, STEERING, Disturbances
from producers.collector.wanted_ranges import WantedRanges

ANSWER = Action(steering=0.25, acceleration_braking=-0.5)
TICKS = 30 * 600


def bursts(values: list[float], answer: float) -> tuple[list[int], list[int], list[float]]:
    """Lengths of the undisturbed stretches, of the bursts, and the noise of each; the cut ones at the ends apart."""
    runs = [(value, len(list(group))) for value, group in groupby(values)][1:-1]
    pauses = [length for value, length in runs if value == answer]
    noisy = [(value, length) for value, length in runs if value != answer]
    return pauses, [length for _, length in noisy], [value for value, _ in noisy]


def test_bursts_come_as_often_and_last_as_long_as_they_say() -> None:
    noise = Disturbances(seed=1)
    applied = [noise.applied(ANSWER) for _ in range(TICKS)]
    for values, answer, plan in (
        ([action.steering for action in applied], ANSWER.steering, STEERING),
        ([action.acceleration_braking for action in applied], ANSWER.acceleration_braking, PEDALS),
    ):
        pauses, lengths, heights = bursts(values, answer)
        assert len(lengths) > 50
        assert round(plan.usual.pause_s[0] * 30) <= min(pauses) <= max(pauses) <= round(plan.usual.pause_s[1] * 30)
        assert round(plan.usual.length_s[0] * 30) <= min(lengths) <= max(lengths) <= round(plan.usual.length_s[1] * 30)
        assert -1 <= min(heights) < -0.7
        assert 0.7 < max(heights) <= 1


def test_the_same_seed_disturbs_the_same_way_and_another_one_otherwise() -> None:
    one, same, other = Disturbances(7), Disturbances(7), Disturbances(8)
    first = [one.applied(ANSWER) for _ in range(300)]
    assert first == [same.applied(ANSWER) for _ in range(300)]
    assert first != [other.applied(ANSWER) for _ in range(300)]


def answers(wanted: list[WantedRanges], ticks: int = TICKS) -> tuple[list[float], list[float]]:
    """What a driver answers whose car drifts as far as it is pushed: steering, pedals."""
    noise, off = Disturbances(seed=3), [0.0, 0.0]
    given: tuple[list[float], list[float]] = [], []
    noise.seek(wanted)
    for _ in range(ticks):
        action = Action(*(min(max(-each, -1.0), 1.0) for each in off))
        for answered, value in zip(given, (action.steering, action.acceleration_braking), strict=True):
            answered.append(value)
        applied = noise.applied(action)
        off = [off[0] + 0.1 * applied.steering, off[1] + 0.1 * applied.acceleration_braking]
    return given


@pytest.mark.parametrize(("low", "high"), [(0.4, 0.5), (-0.5, -0.4), (0.8, 0.9), (-0.9, -0.8)])
def test_what_is_wanted_is_answered_several_times_as_often(low: float, high: float) -> None:
    """Wanted on one axis, it changes nothing on the other."""
    usual = answers([])
    for axis, of in (("steering", 0), ("pedals", 1)):
        sought = answers([WantedRanges(axis, low, high)])  # type: ignore[arg-type]
        within = [sum(low <= value <= high for value in given[of]) for given in (usual, sought)]
        assert within[1] > 2 * within[0]
        assert sought[1 - of] == usual[1 - of]


def test_a_burst_pushes_the_other_way_and_lets_the_driver_have_what_it_sought() -> None:
    noise = Disturbances(seed=1)
    noise.seek([WantedRanges("steering", 0.5, 0.6), WantedRanges("pedals", -0.9, -0.8)])
    short, enough = Action(0.5, -0.8), Action(0.6, -0.9)
    assert {noise.applied(short).steering for _ in range(TICKS)} == {0.5, -1.0}
    assert {noise.applied(short).acceleration_braking for _ in range(TICKS)} == {-0.8, 1.0}
    assert {noise.applied(enough) for _ in range(TICKS)} == {enough}


def test_a_wish_that_is_over_leaves_the_bursts_as_they_were() -> None:
    noise = Disturbances(seed=1)
    noise.seek([WantedRanges("steering", 0.5, 0.6)])
    noise.seek([])
    assert len({noise.applied(ANSWER).steering for _ in range(TICKS)}) > 50


@given(st.lists(st.tuples(st.sampled_from(["steering", "pedals"]), st.floats(-1, 1))), st.integers(0, 99))
def test_whatever_is_wanted_the_car_is_told_nothing_out_of_range(wishes: list[tuple[str, float]], seed: int) -> None:
    noise = Disturbances(seed)
    noise.seek([WantedRanges(axis, middle, middle) for axis, middle in wishes if middle])  # type: ignore[arg-type]
    for _ in range(300):
        applied = noise.applied(ANSWER)
        assert -1 <= applied.steering <= 1
        assert -1 <= applied.acceleration_braking <= 1
