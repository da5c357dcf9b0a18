from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charles.label_checks import Driven, FindingKind, clock
from charles.label_checks.run_data import Integers
from charles.pacing import HZ
from tests.label_checks.drives import BEGAN

SECOND = 1_000_000


def times(ticks: Integers, jitter: float = 0.0, seed: int = 0) -> Integers:
    """30 Hz from a moment on, each up to so many seconds late."""
    late = np.random.default_rng(seed).uniform(0, jitter, len(ticks))
    return np.round(BEGAN.timestamp() * SECOND + (ticks / HZ + late) * SECOND).astype(np.int64)


@settings(max_examples=60, deadline=None)
@given(
    lost=st.sets(st.integers(1, 398), max_size=40),
    jumps=st.dictionaries(st.integers(1, 399), st.one_of(st.floats(0.8, 5000), st.floats(-5000, -0.2)), max_size=5),
    jitter=st.floats(0, 0.03),
)
def test_jumps_are_found_exactly(lost: set[int], jumps: dict[int, float], jitter: float) -> None:
    """Between ticks that are there, whatever got lost, and however unsteady the machine is."""
    ticks = np.array([tick for tick in range(400) if tick not in lost or tick in jumps], np.int64)
    time = times(ticks, jitter)
    for tick, seconds in jumps.items():
        time[ticks >= tick] += round(seconds * SECOND)
    found = clock.jumps(ticks, time)
    assert [int(ticks[row]) for row, _ in found] == sorted(jumps)
    assert [seconds for _, seconds in found] == pytest.approx([jumps[tick] for tick in sorted(jumps)], abs=0.07)


@pytest.mark.parametrize("hz", [12.0, 100.0, 400.0])
def test_a_run_at_another_pace_may_pause(hz: float) -> None:
    ticks = np.arange(900, dtype=np.int64)
    time = np.round(ticks / hz * SECOND).astype(np.int64)
    time[500:] += 3 * SECOND
    assert clock.jumps(ticks, time) == []
    time[700:] -= 9 * SECOND
    assert [row for row, _ in clock.jumps(ticks, time)] == [700]


def test_a_run_that_was_held_up_is_told_from_a_world_that_went_on(drives: dict[str, list[Driven]]) -> None:
    run = max(drives["city"], key=len)
    row = int(np.flatnonzero(run.speed > 5)[400])
    time = run.time.copy()
    time[row:] += 2 * SECOND
    (held_up,) = clock.findings(replace(run, time=time))
    assert (held_up.kind, held_up.last_tick, held_up.measure) == (
        FindingKind.CLOCK_JUMP,
        run.tick[row],
        pytest.approx(2, abs=0.1),
    )
    assert "stood still" in held_up.words

    x = run.x.copy()
    x[row:] += 2 * run.speed[row]
    (went_on,) = clock.findings(replace(run, time=time, x=x))
    assert "went on" in went_on.words


def test_a_clock_that_is_set_back_is_said_to_be(drives: dict[str, list[Driven]]) -> None:
    run = drives["carracing"][0]
    time = run.time.copy()
    time[300:] -= 3600 * SECOND
    (found,) = clock.findings(replace(run, time=time))
    assert (found.first_tick, found.last_tick) == (run.tick[299], run.tick[300])
    assert "back by 3600" in found.words


def test_a_clock_that_stands_is_found(drives: dict[str, list[Driven]]) -> None:
    run = max(drives["city"], key=len)
    (found,) = clock.findings(replace(run, time=np.full(len(run), run.time[0])))
    assert found.kind is FindingKind.CLOCK_DRIFT
    assert "not read again" in found.words


def test_a_game_that_follows_the_clock_must_be_recorded_at_its_pace(drives: dict[str, list[Driven]]) -> None:
    """At 24 Hz the car drives 1/24 s in a tick. A stepped game whose collector is slow drives 1/30 s, and is fine."""
    run = max(drives["city"], key=len)
    slow = (run.time[0] + (run.time - run.time[0]) * 1.25).astype(np.int64)
    assert clock.findings(replace(run, time=slow)) == []
    (found,) = clock.findings(replace(run, time=slow, x=run.x * 1.25, y=run.y * 1.25))
    assert found.kind is FindingKind.CLOCK_DRIFT
    assert found.measure == pytest.approx(0.25, abs=0.01)
