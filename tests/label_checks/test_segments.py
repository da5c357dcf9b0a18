from __future__ import annotations

import numpy as np
import pytest

from charles.label_checks import Driven
from charles.label_checks.segments import BRIDGED_TICKS, pieces, sliding
from charles.pacing import HZ
from tests.label_checks import plants


@pytest.fixture
def run(drives: dict[str, list[Driven]]) -> Driven:
    return max(drives["carracing"], key=len).rows(slice(0, 3000))


def test_a_whole_run_is_one_piece(run: Driven) -> None:
    (piece,) = pieces(run)
    assert np.array_equal(piece.rows, np.arange(3000))
    assert np.array_equal(piece.pedals, run.pedals)


def test_few_missing_ticks_repeat_the_last_and_do_not_count(run: Driven) -> None:
    kept = np.delete(np.arange(3000), range(1000, 1000 + BRIDGED_TICKS))
    (piece,) = pieces(run.rows(kept))
    assert len(piece.rows) == 3000
    assert (piece.steering[1000 : 1000 + BRIDGED_TICKS] == run.steering[999]).all()
    assert not piece.counts[1000 : 1000 + BRIDGED_TICKS].any()
    assert piece.steering[1000 + BRIDGED_TICKS] == run.steering[1000 + BRIDGED_TICKS]


def test_more_of_them_part_a_run_and_what_is_short_is_left_out(run: Driven) -> None:
    kept = np.delete(np.arange(3000), [*range(1000, 1001 + BRIDGED_TICKS), *range(1100, 1101 + BRIDGED_TICKS)])
    one, other = pieces(run.rows(kept))
    assert (len(one.rows), len(other.rows)) == (1000, 3000 - 1101 - BRIDGED_TICKS)
    assert one.rows[-1] == 999


def test_ticks_of_standing_frozen_telemetry_and_sliding_do_not_count(run: Driven) -> None:
    standing = plants.planted(run, 100, 199, speed=np.zeros(3000))
    assert not pieces(standing)[0].counts[100:200].any()
    fast = int(np.flatnonzero(run.speed > 10)[500])
    frozen = plants.frozen_telemetry(run, fast, fast + 3 * HZ)
    assert not pieces(frozen)[0].counts[fast : fast + 3 * HZ].any()
    sideways = plants.planted(run, 100, 199, heading=run.heading + 1.5)
    assert not pieces(sideways)[0].counts[101:199][run.speed[101:199] > 5].any()


def test_a_heading_that_is_none_says_nothing_about_sliding(run: Driven) -> None:
    nowhere = plants.planted(run, 0, 2999, heading=np.full(3000, 1.0))
    assert not sliding(nowhere).any()


def test_controls_are_moved_against_the_motion(run: Driven) -> None:
    (piece,) = pieces(run)
    assert np.array_equal(piece.earlier(20).steering[:-20], piece.steering[20:])
    assert np.array_equal(piece.earlier(-20).pedals[20:], piece.pedals[:-20])
    assert piece.earlier(20).yaw_rate is piece.yaw_rate
