from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charles.label_checks.impulse_response import BLOCK_TICKS, LAGS, REACH_TICKS, ResponseFit
from charles.label_checks.run_data import Floats

SEEDS = st.integers(0, 2**32 - 1)


def smooth(rng: np.random.Generator, count: int) -> Floats:
    """A control that resembles itself for about ten ticks, as steering does."""
    return np.convolve(rng.normal(size=count + 20), np.exp(-np.arange(21) / 8), "valid")[:count]


def moved(control: Floats, lag: int, gain: float, noise: Floats) -> Floats:
    """A motion that follows the control so many ticks ago, and slows down by itself."""
    motion = np.zeros(len(control))
    push = np.roll(control, lag) * gain + noise
    for now in range(len(control) - 1):
        motion[now + 1] = 0.8 * motion[now] + push[now]
    return motion


def response(control: Floats, motion: Floats) -> ResponseFit:
    return ResponseFit(control, motion, np.stack([motion, np.ones(len(motion))]), np.ones(len(motion), bool))


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, lag=st.integers(-12, 12), gain=st.floats(0.2, 5), noisy=st.booleans())
def test_the_peak_lies_at_the_lag_at_which_the_motion_answers(seed: int, lag: int, gain: float, noisy: bool) -> None:
    rng = np.random.default_rng(seed)
    control = smooth(rng, 900)
    noise = rng.normal(size=900) * gain * control.std() * 0.3 * noisy
    whole = response(control, moved(control, lag, gain, noise))
    answer = whole.over(0, whole.blocks)
    assert answer is not None
    assert answer.best(-12, 12) == lag
    assert answer.most(-12, 12) > 5
    opposite = response(-control, moved(control, lag, gain, noise))
    against = opposite.over(0, opposite.blocks)
    assert against is not None
    assert against.least(-12, 12) == pytest.approx(-answer.most(-12, 12))


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_an_unrelated_motion_has_no_sure_answer(seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = response(smooth(rng, 900), moved(smooth(rng, 900), 0, 1.0, np.zeros(900)))
    answer = whole.over(0, whole.blocks)
    assert answer is not None
    assert np.abs(answer.sure).max() < 6


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, count=st.integers(2 * REACH_TICKS + 1 + BLOCK_TICKS, 1500))
def test_blocks_hold_every_row_once_and_evidence_adds_up_to_the_answer(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    control = smooth(rng, count)
    whole = response(control, moved(control, 2, 1.0, rng.normal(size=count) * 0.1))
    ends = [whole.rows(block, block + 1) for block in range(whole.blocks)]
    assert ends[0][0] == 0
    assert ends[-1][1] == count - 2 * REACH_TICKS - 1
    assert all(one[1] == other[0] for one, other in pairwise(ends))
    evidence = whole.evidence()
    assert evidence.shape == (ends[-1][1], len(LAGS))
    assert LAGS[evidence.sum(axis=0).argmax()] == 2


def test_where_the_car_stands_nothing_is_said() -> None:
    rng = np.random.default_rng(1)
    control = smooth(rng, 900)
    standing = ResponseFit(control, np.zeros(900), np.ones((1, 900)), np.zeros(900, bool))
    assert standing.over(0, standing.blocks) is None


def test_a_control_that_never_changes_is_sure_of_nothing() -> None:
    motion = smooth(np.random.default_rng(1), 900)
    answer = response(np.zeros(900), motion).over(0, 4)
    assert answer is not None
    assert np.abs(answer.sure).max() == 0
