"""`charles recordings` tells what was recorded, and whether it is whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from charles.cli import app
from charles.recordings.format.layout import MANIFEST
from tests.recordings.made import of_run, recorded


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where recordings are, with one that is complete, one that is not, and one that is damaged."""
    folder = tmp_path / "recordings"
    monkeypatch.setenv("CHARLES_RECORDINGS__FOLDER", str(folder))
    monkeypatch.setenv("COLUMNS", "200")
    rows = [(topic, 0, of_run(offset * 1000, f"r{offset // 50}")) for offset in range(91) for topic in ("a", "b")]
    recorded(folder / "monday", rows)
    recorded(folder / "tuesday", rows[:100], finish=False)
    recorded(folder / "wednesday", rows)
    (folder / "wednesday" / MANIFEST).write_text("{}")
    return folder


def charles(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["recordings", *map(str, arguments)])


def test_list_shows_each_recording_of_the_folder(folder: Path) -> None:
    told = charles("list")
    assert told.exit_code == 0
    _titles, monday, tuesday, wednesday, *more = told.stdout.splitlines()
    assert monday.split() == ["monday", "complete", "a,", "b", "0:01:30", "182", *size(monday), "2"]
    assert tuesday.split() == ["tuesday", "recording", "a,", "b", "0:00:49", "100", *size(tuesday), "1"]
    assert "manifest.json is damaged at byte 0: prefix: Field required" in " ".join(
        " ".join([wednesday, *more]).split()
    )


def size(row: str) -> list[str]:
    figure, unit = row.split()[-3:-1]
    assert unit == "KiB"
    assert 1 < float(figure) < 100
    return [figure, unit]


def test_list_shows_one_recording_and_facts_as_json(folder: Path) -> None:
    (row,) = json.loads(charles("list", folder / "monday", "--json").stdout)
    assert (row["name"], row["state"], row["seconds"], row["records"]) == ("monday", "complete", 90.0, 182)
    assert (row["topics"], row["runs"], len(row["digest"])) == (["a", "b"], 2, 64)


def test_list_of_an_empty_folder_says_so(tmp_path: Path) -> None:
    told = charles("list", tmp_path)
    assert (told.exit_code, told.stdout.split()[-3:]) == (0, ["has", "no", "recordings"])


@pytest.mark.parametrize("by_path", [True, False])
def test_verify_says_that_a_recording_is_whole(by_path: bool, folder: Path) -> None:
    told = charles("verify", folder / "monday" if by_path else "monday")
    assert told.exit_code == 0
    assert f"{folder / 'monday'} is intact: 182 records, " in told.stdout
    open_yet = charles("verify", "tuesday")
    assert open_yet.exit_code == 0
    assert "100 records" in open_yet.stdout
    assert "(not complete)" in open_yet.stdout


def test_verify_names_what_is_wrong_and_exits_with_1(folder: Path) -> None:
    segment = folder / "monday" / "a" / "0" / f"{0:020d}.avro"
    segment.write_bytes(segment.read_bytes()[:-1])
    told = charles("verify", "monday")
    assert told.exit_code == 1
    assert f"a/0/{segment.name} at byte " in told.stderr
    assert "1 problem in 91 records" in told.stderr

    facts = charles("verify", "monday", "--json")
    assert facts.exit_code == 1
    found = json.loads(facts.stdout)
    assert not found["ok"]
    assert [problem["file"] for problem in found["problems"]] == [f"a/0/{segment.name}"]


@pytest.mark.parametrize(
    ("name", "words"), [("nowhere", "is not a recording: no such folder"), ("wednesday", "is damaged")]
)
def test_verify_of_what_is_no_recording_is_one_clear_line(name: str, words: str, folder: Path) -> None:
    told = charles("verify", name)
    assert told.exit_code == 1
    assert words in told.stderr
    assert len(told.stderr.splitlines()) == 1
