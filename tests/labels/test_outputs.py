"""Outputs as they are written, their labels and classes, and what a prediction means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.labels.outputs import DELTAS, described, parse
from tests.samples import sample

TEXTS = (
    "steering", "acceleration", "steering:classification", "acceleration_braking:classification(-1/0/1)",
    "steering:classification(left=-0.5/straight=0/right=0.5)", "steering:delta", "braking:delta",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_an_output_is_read_as_it_is_written(text: str) -> None:
    output = parse(text)
    assert output.text == text
    again = parse(described(output), "v1", 5)
    assert again.kind == output.kind
    assert again.width == output.width
    if output.kind != "regression":
        assert again.scale.centres == pytest.approx(output.scale.centres)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("throttle", "is not a valid output: choose from acceleration, braking, acceleration_braking, steering"),
        ("steering:words", "must be one of regression, classification, delta"),
        ("steering:delta(0/1)", "only a classification can list its classes"),
        ("steering:classification(1/0)", "in increasing order"),
        ("steering:classification(0)", "at least two"),
        ("steering:classification(a=0/a=1)", "unique names"),
        ("steering:classification(left/right)", "NUMBER, not 'left'"),
        ("braking:classification(-1/1)", r"must be in \[0, 1\]"),
        ("steering:classification(nan/1)", "in increasing order"),
    ],
)
def test_what_is_no_output_is_refused_in_plain_words(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        parse(text)


def test_classes_are_the_bins_of_the_balancing_unless_they_are_named() -> None:
    assert parse("steering:classification").width == 21
    assert parse("steering:classification", "v3", 11).width == 11
    assert parse("steering:classification", "v1").width == 9
    named = parse("steering:classification(left=-0.5/straight=0/right=0.5)", "v1")
    assert named.scale.names == ("left", "straight", "right")


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-1, 1))
def test_labels_are_the_values_of_the_tick(acceleration: float, braking: float, steering: float) -> None:
    tick = sample(acceleration=acceleration, braking=braking, steering=steering)
    assert parse("steering").label(tick) == parse("steering").target(tick) == steering
    assert parse("braking").label(tick) == braking
    assert parse("acceleration_braking").label(tick) == acceleration - braking
    classes = parse("steering:classification")
    assert classes.label(tick) == steering
    assert classes.target(tick) == classes.scale.bin_of(steering)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_a_delta_is_the_change_since_the_tick_before(before: float, steering: float) -> None:
    tick = sample(steering=steering, history_steering=[0.0] * 59 + [before])
    delta = parse("steering:delta")
    assert delta.label(tick) == steering - before
    nearest = min(DELTAS, key=lambda change: abs(change - (steering - before)))
    assert abs(DELTAS[int(delta.target(tick))] - (steering - before)) == pytest.approx(
        abs(nearest - (steering - before))
    )


def test_the_delta_of_both_pedals_is_that_of_their_difference() -> None:
    tick = sample(acceleration=0.5, history_braking=[0.25] * 60)
    assert parse("acceleration_braking:delta").label(tick) == 0.75
    assert parse("acceleration_braking:delta").target(tick) == 6


@pytest.mark.parametrize(
    ("text", "predicted", "last", "value"),
    [
        ("steering", [0.25], 0.9, 0.25),
        ("steering", [-3.0], 0.0, -1.0),
        ("acceleration", [-0.5], 0.0, 0.0),
        ("steering:classification(left=-0.5/straight=0/right=0.5)", [0.1, 0.2, 0.7], 0.0, 0.5),
        ("steering:delta", [0, 0, 0, 0, 0, 1, 0], 0.5, 0.6),
        ("steering:delta", [1, 0, 0, 0, 0, 0, 0], -0.9, -1.0),
        ("steering:delta", [0, 0, 0, 1, 0, 0, 0], 0.37, 0.37),
        ("braking:delta", [1, 0, 0, 0, 0, 0, 0], 0.1, 0.0),
    ],
)
def test_a_prediction_means_a_value_in_range(text: str, predicted: list[float], last: float, value: float) -> None:
    assert parse(text).decoded(predicted, last) == pytest.approx(value)


@given(st.floats(-1, 1))
def test_a_class_stands_for_a_value_near_the_label(steering: float) -> None:
    output = parse("steering:classification")
    scores = [0.0] * output.width
    scores[int(output.target(sample(steering=steering)))] = 1.0
    assert output.decoded(scores, 0.0) == pytest.approx(steering, abs=0.0500001)
