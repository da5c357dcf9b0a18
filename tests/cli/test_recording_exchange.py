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
    assert told.stdout == f"{folder / 'out'}: 20 pictures and 20 rows of labels of 1 runs\n"
    assert len(list((folder / "out" / "c" / "r").glob("*.jpg"))) == 20


def test_what_cannot_be_read_is_told(folder: Path) -> None:
    recorded(folder / "odd", [*placed(drive(3)), ("controls", 0, record(5, BEGAN_MS))])
    for name, options in (("parquet", []), ("jpeg", ["--format", "jpeg"])):
        told = charles("export", "odd", folder / name, *options)
        assert told.exit_code == 0
        assert told.stderr == "1 values cannot be read and are left out: `charles recordings verify` names them\n"


def test_a_video_beside_pictures_is_refused(folder: Path) -> None:
    told = charles("export", "monday", folder / "out", "--format", "jpeg", "--video")
    assert told.exit_code == 2
    assert "only --format parquet has it" in told.stderr
