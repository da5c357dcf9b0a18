"""Junk that is planted into a recording of real driving is found, and named by its span; good driving is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from charles.events import Control
from charles.label_checks import Driven, FindingKind
from charles.label_checks.run_data import ROWS
from charles.pacing import HZ
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.inspect.label_check import check
from tests.label_checks import drives, plants
from tests.recordings.driving import BEGAN_MS, drive, frame_of, placed, record
from tests.recordings.made import Placed, recorded
from tests.recordings.made import record as plain

MINUTES = 1.5


@pytest.fixture(scope="module", params=["city", "carracing"])
def driven(request: pytest.FixtureRequest) -> list[Driven]:
    """What a collector would have recorded, run by run."""
    return drives.recorded(request.param, 4, MINUTES, world_minutes=10)


def controls(run: Driven) -> Iterator[Control]:
    for row in range(len(run)):
        values = {name: float(getattr(run, name)[row]) for name in ROWS if name not in ("tick", "time")}
        time = datetime.fromtimestamp(run.time[row] / 1e6, UTC)
        names = {"collector": run.collector, "run": run.run, "tick": int(run.tick[row]), "time": time}
        yield Control(**names, **values, purpose_distance=1.0, purpose_bearing=0.0)


def passing(ticks: int, held: range = range(0)) -> list[bytes]:
    """Pictures of noise, each another one, but for those that are held."""
    rng, shown = np.random.default_rng(1), []
    for tick in range(ticks):
        if tick not in held or tick == held[0]:
            picture = bytes(cv2.imencode(".jpg", rng.integers(0, 256, (36, 64), np.uint8))[1])
        shown.append(picture)
    return shown


def rows(run: Driven, held: range = range(0)) -> Iterator[Placed]:
    pictures = passing(len(run), held)
    for offset, control in enumerate(controls(run)):
        yield "frames", 0, record(frame_of(control, pictures[offset]), offset)
        yield "controls", 0, record(control, offset)


def as_recording(folder: Path, runs: list[Driven], held: range = range(0)) -> Recording:
    placed_rows: list[Placed] = []
    for run in runs:
        first = len(placed_rows) // 2
        placed_rows += [(topic, p, replace(each, offset=each.offset + first)) for topic, p, each in rows(run, held)]
    return recorded(folder / "r", placed_rows)


def test_good_driving_has_no_findings(driven: list[Driven], tmp_path: Path) -> None:
    report = check(as_recording(tmp_path, driven))
    assert report.found == []
    assert (report.runs, report.ticks) == (len(driven), round(MINUTES * 60 * HZ))
    assert report.unreadable == 0


def test_planted_junk_is_found_in_its_run(driven: list[Driven], tmp_path: Path) -> None:
    longest = max(driven, key=len)
    junk = plants.planted(longest, 0, len(longest) - 1, **plants.inverted(longest))
    report = check(as_recording(tmp_path, [junk if run is longest else run for run in driven]))
    (found,) = report.found
    assert (found.finding.kind, found.finding.run) == (FindingKind.STEERING_INVERTED, longest.run)
    assert found.span.last - found.span.first > 0.9 * len(longest)
    assert found.timestamp == longest.time[found.span.first] // 1000


def test_a_camera_that_is_frozen_is_found_between_pictures_that_are_not(driven: list[Driven], tmp_path: Path) -> None:
    longest = max(driven, key=len)
    report = check(as_recording(tmp_path, [longest], held=range(600, 750)))
    (found,) = report.found
    assert found.finding.kind == FindingKind.CAMERA_FROZEN
    assert (found.span.first, found.span.last) == (600, 745)


def test_runs_of_several_collectors_are_judged_apart(tmp_path: Path) -> None:
    """Ticks that come twice, halves that are missing, values that cannot be read do no harm."""
    one, two = drive(60, "a", "one"), drive(60, "a", "two", 0.01)
    several = [*placed(one), *placed(two, 1), *placed(drive(9, "b", "two", 5.0), 1, 60), *placed(one[:3], 0, 60)]
    odd = [("controls", 0, plain(900, BEGAN_MS + 9000)), ("frames", 1, plain(900, BEGAN_MS + 9000))]
    no_picture = ("frames", 1, record(frame_of(drive(61, "b", "two", 5.0)[60], b"x"), 901))
    report = check(recorded(tmp_path / "r", [*several, *odd, no_picture]))
    assert (report.runs, report.ticks, report.unreadable) == (3, 60 + 60 + 9, 3)


def test_a_recording_without_controls_cannot_be_checked(tmp_path: Path) -> None:
    source = recorded(tmp_path / "r", [each for each in placed(drive(3)) if each[0] == "frames"])
    with pytest.raises(RecordingError, match="has no topic controls"):
        check(source)
