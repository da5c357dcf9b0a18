"""What the dataclasses refuse. Pure."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from charles.events import Control, Frame, now

CONTROL = Control("c", "r", 0, now(), 0.5, 0.0, -1.0, 10.0, 0.0, 1.0, 2.0, 0.1, 50.0, -0.2)
FINITE = ["speed", "yaw_rate", "x", "y", "heading", "purpose_distance", "purpose_bearing"]


@pytest.mark.parametrize("name", [*FINITE, "steering", "acceleration", "braking"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_control_holds_finite_numbers_only(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        replace(CONTROL, **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"), [("steering", -1.01), ("acceleration", -0.1), ("braking", 1.1), ("tick", -1)]
)
def test_a_control_holds_values_in_their_range_only(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        replace(CONTROL, **{name: value})


def test_pedals_are_one_number_too() -> None:
    assert CONTROL.acceleration_braking == 0.5
    assert replace(CONTROL, acceleration=0.0, braking=0.25).acceleration_braking == -0.25


def test_a_frame_and_its_control_name_the_same_moment() -> None:
    frame = Frame("c", "r", 0, CONTROL.time, b"", 1, 1, 0, 0)
    assert frame.moment == CONTROL.moment == ("c", "r", 0)
