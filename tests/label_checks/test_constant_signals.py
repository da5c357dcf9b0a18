from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.label_checks import Driven, FindingKind, constant_signals, findings
from charles.pacing import HZ
from tests.label_checks import plants


@given(st.lists(st.sampled_from([0.0, 0.004, 0.2, 0.9]), max_size=60), st.integers(1, 8))
def test_steady_are_the_values_in_a_stretch_that_stays(values: list[float], ticks: int) -> None:
    expected = [False] * len(values)
    for first in range(len(values) - ticks + 1):
        stretch = values[first : first + ticks]
        if max(stretch) - min(stretch) <= constant_signals.SAME_RANGE:
            expected[first : first + ticks] = [True] * ticks
    assert constant_signals.steady(np.array(values, np.float64), ticks).tolist() == expected


@pytest.mark.parametrize("game", ["city", "carracing"])
def test_frozen_telemetry_is_found_to_the_tick(game: str, drives: dict[str, list[Driven]]) -> None:
    run = max(drives[game], key=len)
    first = int(np.flatnonzero(run.speed > 5)[1000])
    frozen = plants.frozen_telemetry(run, first, first + 4 * HZ)
    (found,) = [each for each in findings(frozen) if each.kind is FindingKind.TELEMETRY_FROZEN]
    assert (found.first_tick, found.last_tick) == (run.tick[first], run.tick[first + 4 * HZ])


def test_a_yaw_rate_that_a_game_does_not_tell_is_found(drives: dict[str, list[Driven]]) -> None:
    run = max(drives["city"], key=len)
    found = findings(plants.planted(run, 0, len(run) - 1, yaw_rate=np.zeros(len(run))))
    assert {each.kind for each in found} == {FindingKind.TELEMETRY_FROZEN}
    assert found[0].words.startswith("yaw rate stays")


def test_a_car_on_a_circle_or_at_top_speed_may_hold_its_controls() -> None:
    count = 60 * HZ
    ticks = np.arange(count, dtype=np.int64)
    noise = np.random.default_rng(1).normal(size=(2, count)) * 0.01
    heading = 0.5 * ticks / HZ
    circle = Driven(
        "a",
        "r",
        ticks,
        ticks * 1_000_000 // HZ,
        acceleration=np.full(count, 1.0),
        braking=np.zeros(count),
        steering=np.full(count, 0.4),
        speed=10 + noise[0],
        yaw_rate=0.5 + noise[1],
        x=20 * np.sin(heading),
        y=-20 * np.cos(heading),
        heading=np.angle(np.exp(1j * heading)),
    )
    assert constant_signals.findings(circle) == []


def test_keys_instead_of_pedals_are_saturated(drives: dict[str, list[Driven]]) -> None:
    run = max(drives["carracing"], key=len)
    keys = {"acceleration": (run.pedals >= 0).astype(float), "braking": (run.pedals < 0).astype(float)}
    (found,) = constant_signals.saturated(plants.planted(run, 0, len(run) - 1, **keys))
    assert found.kind is FindingKind.SATURATED
    assert found.words.startswith("the pedals at the limit of the range for 100%")
