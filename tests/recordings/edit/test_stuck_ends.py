"""Runs that ended with a stuck car are known by their last ticks."""

from __future__ import annotations

from pathlib import Path

import pytest

from charles.config import Unstuck
from charles.events import Control
from charles.recordings.edit.stuck_ends import stuck
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.inspect.tick_spans import TickSpan
from tests.recordings.driving import control, drive, placed
from tests.recordings.made import recorded

AFTER = {"began_s": 100.0}


def stays(run: str, driven: int, stood: int, trembles_m: float = 0.0) -> list[Control]:
    """A drive of 10 m/s that ends at a wall."""
    standing = [
        control(tick, run, x=driven / 3 + trembles_m * (tick % 2), speed=0.0) for tick in range(driven, driven + stood)
    ]
    return [*drive(driven, run), *standing]


def found(folder: Path, *runs: list[Control], before_s: float = 1.0) -> list[TickSpan]:
    source = recorded(folder / "source", placed(each for run in runs for each in run), segment_ms=2**62)
    return stuck(source, Unstuck(), before_s)


def test_the_end_of_a_stuck_run_and_the_seconds_before_it_are_found(tmp_path: Path) -> None:
    (span,) = found(tmp_path, stays("a", 300, 150, trembles_m=0.5), drive(30, "b", **AFTER))
    # It was within 2 m of where it ended 4 ticks before it came there.
    assert span == TickSpan("c", "a", 300 - 4 - 30, 449)


def test_a_crash_is_half_a_second(tmp_path: Path) -> None:
    (span,) = found(tmp_path, stays("a", 300, 15), drive(30, "b", **AFTER))
    assert span == TickSpan("c", "a", 300 - 5 - 30, 314)


def test_a_short_run_is_left_out_from_its_beginning(tmp_path: Path) -> None:
    (span,) = found(tmp_path, stays("a", 20, 150), drive(30, "b", **AFTER))
    assert span == TickSpan("c", "a", 0, 169)


def test_cars_that_drive_or_whose_run_may_go_on_are_not_stuck(tmp_path: Path) -> None:
    assert found(tmp_path, drive(300, "a"), stays("b", 300, 150)) == []


def test_a_run_that_goes_on_after_another_one_did_not_end(tmp_path: Path) -> None:
    standing, goes_on = stays("a", 100, 30), drive(300, "a")[130:]
    assert found(tmp_path, standing, drive(3, "b"), goes_on, drive(30, "c", **AFTER)) == []


def test_a_recording_without_controls_cannot_tell(tmp_path: Path) -> None:
    source: Recording = recorded(tmp_path / "r", (each for each in placed(drive(3)) if each[0] == "frames"))
    with pytest.raises(RecordingError, match="has no topic controls"):
        stuck(source, Unstuck(), 1.0)
