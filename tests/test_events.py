"""What the dataclasses refuse. Pure."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from charles.events import Control, Frame, Status, now

CONTROL = Control("c", "r", 0, now(), 0.5, 0.0, -1.0, 10.0, 0.0, 1.0, 2.0, 0.1, 50.0, -0.2)
FINITE = ["speed", "yaw_rate", "x", "y", "heading", "purpose_distance", "purpose_bearing"]


@pytest.mark.parametrize("name", [*FINITE, "steering", "acceleration", "braking"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300, -1e300, 1e39, 2e9])
def test_a_control_holds_numbers_only_that_a_game_can_have(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        replace(CONTROL, **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [*FINITE, "steering", "acceleration", "braking"])
@pytest.mark.parametrize("value", [-0.0, 5e-324, 1e-310, 1e-40])
def test_the_smallest_numbers_are_numbers(name: str, value: float) -> None:
    assert getattr(replace(CONTROL, **{name: value}), name) == value  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["collector", "run"])
def test_a_name_may_be_anything_of_255_bytes(name: str) -> None:
    for fits in ("", "..", "a/b", "%2F", "\n", "\x1b[2J", "<img>", "x" * 255, "\N{WINKING FACE}" * 63):
        assert getattr(replace(CONTROL, **{name: fits}), name) == fits  # type: ignore[arg-type]
    for too_long in ("x" * 256, "\N{WINKING FACE}" * 64):
        with pytest.raises(ValueError, match=f"{name} must have at most 255 bytes, not 256"):
            replace(CONTROL, **{name: too_long})  # type: ignore[arg-type]


def test_a_heartbeat_without_a_number_where_one_belongs_is_one_all_the_same() -> None:
    figures = {"late": math.nan, "runs": 3.0, "loss": math.inf}
    status = Status("p", "p-1", now(), "running", "h", 1, "1", math.nan, 0, 0, "", figures)
    assert (status.figures, status.rate) == ({"runs": 3.0}, 0.0)


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
