"""`charles recordings cut`, `merge` and `drop` make new recordings, and say what they made."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from charles.cli import app
from charles.recordings.format.reader import Recording
from tests.recordings.driving import control, drive, placed
from tests.recordings.made import recorded


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where recordings are: one of 4 s, in which the first of two runs ends at a wall."""
    monkeypatch.setenv("CHARLES_RECORDINGS__FOLDER", str(tmp_path))
    standing = [control(tick, "r1", x=20.0, speed=0.0) for tick in range(60, 90)]
    recorded(tmp_path / "monday", placed([*drive(60, "r1"), *standing, *drive(31, "r2", began_s=3.0)]))
    return tmp_path


def charles(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["recordings", *map(str, arguments)])


def test_cut_and_merge_make_recordings_in_the_folder_of_recordings(folder: Path) -> None:
    told = charles("cut", "monday", "first", "--until", "+1s", "--topic", "controls", "--collector", "c")
    assert told.exit_code == 0, told.output
    first = Recording.open(folder / "first")
    assert f"created {folder / 'first'}: 30 records of controls; digest {first.digest}" in told.stdout
    assert charles("cut", "monday", folder / "second", "--since", "2026-01-01T00:00:00.9").exit_code == 0

    told = charles("merge", "first", "second", "both")
    assert told.exit_code == 0, told.output
    assert "left out 3 duplicate records" in told.stdout
    assert "both: 215 records of controls, frames" in told.stdout


def test_drop_leaves_out_spans_and_stuck_cars(folder: Path) -> None:
    told = charles("drop", "monday", "clean", "--span", "c/r2:0-9", "--unstuck", "--before", "1s")
    assert told.exit_code == 0, told.output
    assert "the car got stuck at the end of 1 run\n  c/r1:25-89\n" in told.stdout
    assert f"dropped {2 * (10 + 65)} records" in told.stdout
    ticks = [each.moment for each in Recording.open(folder / "clean").read("frames", 0)]
    assert ticks == [("c", "r1", tick) for tick in range(25)] + [("c", "r2", tick) for tick in range(10, 31)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cut", "monday", "monday"], "which must not be changed: choose another folder"),
        (["cut", "sunday", "new"], "sunday is not a recording: no such folder"),
        (["cut", "monday", "new", "--since", "noon"], "'noon' is not a valid time: write"),
        (["cut", "monday", "new", "--since", "+1h"], "has no such records"),
        (["cut", "monday", "new", "--topic", "nothing"], "has no topic nothing; topics: frames, controls"),
        (["drop", "monday", "new", "--span", "c/r1"], "'c/r1' is not a valid span: write collector/run:first-last"),
        (["drop", "monday", "new", "--span", "c/r9:1-2"], "has no records of c/r9:1-2"),
        (["drop", "monday", "new", "--unstuck", "--before", "3"], "'3' is not a valid duration: write 90s"),
        (["merge", "monday", "sunday", "new"], "sunday is not a recording"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(arguments: list[str], words: str, folder: Path) -> None:
    told = charles(*arguments)
    assert told.exit_code == 1
    assert words in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["monday"]


@pytest.mark.parametrize("arguments", [["merge", "monday", "new"], ["drop", "monday", "new"]])
def test_what_is_not_asked_for_whole_is_explained(arguments: list[str], folder: Path) -> None:
    told = charles(*arguments)
    assert told.exit_code == 2
    assert "Invalid value for" in told.stderr
