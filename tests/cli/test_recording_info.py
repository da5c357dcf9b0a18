"""`charles recordings info` shows what a recording holds."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from click.testing import Result
from typer.testing import CliRunner

from charles.cli import app
from tests.recordings.driving import drive, placed, record, sample_of
from tests.recordings.made import recorded


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHARLES_RECORDINGS__FOLDER", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    driven = drive(61, "r1", steering=0.25)
    driven = [*driven[:20], *driven[25:]]
    samples = [("balanced", 0, record(sample_of(each), offset)) for offset, each in enumerate(driven[::8])]
    recorded(tmp_path / "monday", [*placed(driven), *samples])
    recorded(tmp_path / "raw", placed(driven))
    return tmp_path


def charles(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["recordings", "info", *map(str, arguments)])


def test_info_shows_topics_runs_gaps_and_bars(folder: Path) -> None:
    told = charles("monday")
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    assert lines[1] == "from 2026-01-01 00:00:00 UTC to 2026-01-01 00:00:02 UTC: 0:00:02"
    assert any(line.split()[:3] == ["frames", "1", "56"] for line in lines)
    assert any(line.split() == ["c", "1", "56", "0:00:02", "5", "0", "0"] for line in lines)
    assert any(line.split() == ["c/r1", "0:00:00", "0-60", "56", "5", "(20-24)"] for line in lines)
    (row,) = (line for line in lines if line.startswith("(0.2, 0.3]"))
    assert row.split() == ["(0.2,", "0.3]", "█" * 24, "100.0%", "0.0%"]


def test_info_as_json_has_every_fact(folder: Path) -> None:
    facts = json.loads(charles("monday", "--json").stdout)
    assert facts["seconds"] == 2.0
    assert facts["topics"]["controls"]["records"] == 56
    assert facts["runs"][0]["controls"] | {"gaps": None} == {
        "records": 56, "first": 0, "last": 60, "gaps": None, "repeats": 0, "missing": 5,
    }  # fmt: skip
    assert dict(zip(facts["bins"], facts["steering"], strict=True))["(0.2, 0.3]"] == 56


@pytest.mark.parametrize(("name", "width"), [("monday", 1440), ("raw", 780)])
def test_info_draws_pictures(name: str, width: int, folder: Path) -> None:
    told = charles(
        name, "--contact-sheet", folder / "sheet.png", "--pictures", 3, "--histograms", folder / "labels.png"
    )
    assert told.exit_code == 0, told.output
    assert f"wrote 3 frames to {folder / 'sheet.png'}" in told.stdout.replace("\n", "")
    sheet, labels = (cv2.imread(str(folder / file)) for file in ("sheet.png", "labels.png"))
    assert sheet is not None
    assert sheet.shape[1] == 8 + 3 * 328
    assert labels is not None
    assert labels.shape[:2] == (780, width)
