from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles.events import Control
from charles.label_checks import Driven, Pictures, driven
from charles.label_checks.run_data import spans
from tests.label_checks.drives import BEGAN


def control(tick: int, run: str = "r") -> Control:
    moment = BEGAN + timedelta(microseconds=33_333 * tick)
    return Control("c", run, tick, moment, 0.25, 0.0, -0.5, 7.0, 0.1, 1.0, 2.0, 3.0, 40.0, 0.2)


def test_controls_become_rows_in_the_order_of_their_ticks() -> None:
    run = driven([control(7), control(5), control(6)])
    assert (run.collector, run.run, run.tick.tolist()) == ("c", "r", [5, 6, 7])
    assert np.diff(run.time).tolist() == [33_333, 33_333]
    assert run.time[0] == round(BEGAN.timestamp()) * 1_000_000 + 5 * 33_333
    assert (run.pedals[0], run.steering[0], run.speed[0], run.heading[0]) == (0.25, -0.5, 7.0, 3.0)


@pytest.mark.parametrize("controls", [[], [control(1), control(2, "other")]])
def test_controls_of_no_run_or_two_are_refused(controls: list[Control]) -> None:
    with pytest.raises(ValueError, match="exactly one run"):
        driven(controls)


def test_a_tick_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="ticks must increase"):
        driven([control(1), control(1)])


def test_rows_that_do_not_fit_are_refused() -> None:
    run = driven([control(1), control(2)])
    with pytest.raises(ValueError, match="speed has 1 rows, tick 2"):
        replace(run, speed=np.zeros(1))
    with pytest.raises(ValueError, match="yaw_rate must be finite"):
        replace(run, yaw_rate=np.array([0.0, np.nan]))
    with pytest.raises(ValueError, match="one thumbnail"):
        Pictures(np.arange(2), np.zeros((1, 9, 16), np.uint8), np.zeros(2, np.uint64))


def test_chosen_rows_are_a_run_of_their_own() -> None:
    run = driven([control(tick) for tick in range(10)])
    part = run.rows(slice(2, 5))
    assert isinstance(part, Driven)
    assert (part.run, part.tick.tolist(), len(part)) == ("r", [2, 3, 4], 3)


@given(st.lists(st.booleans()), st.integers(1, 5))
def test_spans_are_the_marked_stretches(marked: list[bool], shortest: int) -> None:
    found = spans(np.array(marked, bool), shortest)
    inside = {index for first, last in found for index in range(first, last + 1)}
    assert all(marked[index] for index in inside)
    for first, last in found:
        assert last - first + 1 >= shortest
        assert first == 0 or not marked[first - 1]
        assert last == len(marked) - 1 or not marked[last + 1]
    if shortest == 1:
        assert inside == {index for index, is_marked in enumerate(marked) if is_marked}
