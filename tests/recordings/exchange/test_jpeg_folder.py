"""Pictures are exported as they are, each run in its folder, with the labels of their ticks."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from charles.recordings.exchange import jpeg_folder
from charles.recordings.format.errors import RecordingError
from tests.recordings.driving import BEGAN_MS, drive, frame_of, placed, record
from tests.recordings.made import Placed, recorded
from tests.recordings.made import record as plain


def labels(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_run_has_its_pictures_and_labels(tmp_path: Path) -> None:
    one, two = drive(20, "r1", "one", steering=-0.25), drive(10, "r2", "two", 0.01)
    found = jpeg_folder.export(recorded(tmp_path / "r", [*placed(one), *placed(two, 1)]), tmp_path / "out")
    assert (found.pictures, found.labels, found.runs, found.unreadable) == (30, 30, 2, 0)
    for control in (*one, *two):
        path = tmp_path / "out" / control.collector / control.run / f"{control.tick:06d}.jpg"
        assert path.read_bytes() == frame_of(control).picture
    rows = labels(tmp_path / "out" / "one" / "r1" / "labels.csv")
    assert [(row["frame"], row["collector"], row["run"], int(row["tick"])) for row in rows] == [
        (f"{tick:06d}.jpg", "one", "r1", tick) for tick in range(20)
    ]
    assert {(float(row["steering"]), float(row["speed"])) for row in rows} == {(-0.25, 10.0)}
    assert rows[3]["time"] == "2026-01-01T00:00:00.100000+00:00"


def test_halves_are_joined_however_far_apart_they_lie(tmp_path: Path) -> None:
    controls = drive(60)
    rng = random.Random(3)
    rows: list[Placed] = [row for row in placed(controls) if rng.random() < 0.7]
    halves = [{each.moment for topic, _p, each in rows if topic == name} for name in ("frames", "controls")]
    again = placed(controls[:5], first_offset=100)
    found = jpeg_folder.export(recorded(tmp_path / "r", [*rows, *again]), tmp_path / "out")
    told = [int(row["tick"]) for row in labels(tmp_path / "out" / "c" / "r" / "labels.csv")]
    assert told == sorted(moment[2] for moment in halves[0] & halves[1] if moment)
    assert found.labels == len(told)
    assert 20 < found.labels < found.pictures < 60


def test_more_runs_than_tables_are_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg_folder, "_OPEN_TABLES", 2)
    rows = [row for name in "abcde" for row in placed(drive(9, name, name), "abcde".index(name))]
    found = jpeg_folder.export(recorded(tmp_path / "r", rows), tmp_path / "out")
    assert found.labels == 45
    assert all(len(labels(tmp_path / "out" / name / name / "labels.csv")) == 9 for name in "abcde")


def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    source = recorded(tmp_path / "r", [*placed(drive(3)), ("controls", 0, plain(9, BEGAN_MS))])
    found = jpeg_folder.export(source, tmp_path / "out")
    assert (found.labels, found.unreadable) == (3, 1)


def test_both_topics_are_needed(tmp_path: Path) -> None:
    rows = [("frames", 0, record(frame_of(each), n)) for n, each in enumerate(drive(3))]
    with pytest.raises(RecordingError, match="has no topic controls"):
        jpeg_folder.export(recorded(tmp_path / "r", rows), tmp_path / "out")
