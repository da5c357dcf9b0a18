"""`charles recordings export` and `import` from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from charles.cli import app
from tests.recordings.driving import BEGAN_MS, drive, placed
from tests.recordings.made import record, recorded


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHARLES_RECORDINGS__FOLDER", str(tmp_path))
    recorded(tmp_path / "monday", placed(drive(20)))
    return tmp_path


def charles(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["recordings", *map(str, arguments)])


def test_parquet_with_and_without_videos(folder: Path) -> None:
    told = charles("export", "monday", folder / "out")
    assert told.exit_code == 0, told.output
    assert told.stdout.splitlines() == [f"{folder / 'out' / name}.parquet: 20 rows" for name in ("frames", "controls")]
    told = charles("export", "monday", folder / "films", "--video")
    assert told.stdout.splitlines()[2:] == [str(folder / "films" / "c.mp4")]


def test_pictures_and_labels(folder: Path) -> None:
    told = charles("export", "monday", folder / "out", "--format", "jpeg")
    assert told.stdout == f"{folder / 'out'}: 20 pictures and 20 label rows from 1 run\n"
    assert len(list((folder / "out" / "c" / "r").glob("*.jpg"))) == 20


def test_what_cannot_be_read_is_told(folder: Path) -> None:
    recorded(folder / "odd", [*placed(drive(3)), ("controls", 0, record(5, BEGAN_MS))])
    for name, options in (("parquet", []), ("jpeg", ["--format", "jpeg"])):
        told = charles("export", "odd", folder / name, *options)
        assert told.exit_code == 0
        assert told.stderr == "left out 1 unreadable value; `charles recordings verify` lists them\n"


def test_a_video_beside_pictures_is_refused(folder: Path) -> None:
    told = charles("export", "monday", folder / "out", "--format", "jpeg", "--video")
    assert told.exit_code == 2
    assert "is only valid with --format parquet" in told.stderr


def test_what_was_exported_is_imported(folder: Path) -> None:
    assert charles("export", "monday", folder / "out", "--format", "jpeg").exit_code == 0
    here = folder / "out" / "c" / "r"
    told = charles("import", here, "again", "--csv", here / "labels.csv", "--steering-scale", "-0.5")
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    assert lines[:3] == [
        "frame: column frame",
        "steering: column steering, times -0.5",
        "throttle: column acceleration",
    ]
    assert lines[-1] == f"created {folder / 'again'}: 20 ticks in 1 run"


def test_a_table_that_is_too_slow_is_told_to_be(folder: Path) -> None:
    assert charles("export", "monday", folder / "out", "--format", "jpeg").exit_code == 0
    here = folder / "out" / "c" / "r"
    told = charles("import", here, "slow", "--csv", here / "labels.csv", "--fps", "5")
    assert told.exit_code == 0, told.output
    assert "19 gaps of more than 3 ticks: the 60 ticks after each gap give no samples" in told.stdout
    assert told.stderr == "no samples can be made from less than 7.5 rows per second\n"
    fast = charles("import", here, "fast", "--csv", here / "labels.csv", "--fps", "60")
    assert "left out 10 rows: another row has the same tick" in fast.stdout


def test_what_is_out_of_range_is_one_clear_line(folder: Path) -> None:
    assert charles("export", "monday", folder / "out", "--format", "jpeg").exit_code == 0
    here = folder / "out" / "c" / "r"
    told = charles("import", here, "again", "--csv", here / "labels.csv", "--steering-column", "purpose_distance")
    assert told.exit_code == 1
    assert told.stderr.splitlines() == [
        f"{here / 'labels.csv'} row 2, column purpose_distance: 50 is not in [-1, 1]: use --steering-scale 0.02 to "
        "bring the largest to 1"
    ]
    assert not (folder / "again").exists()
