"""Recordings are found by their path, or by their name in the folder of recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from charles.recordings.inspect import locate
from tests.recordings.made import record, recorded


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where recordings are; somebody stands beside it."""
    monkeypatch.chdir(tmp_path)
    for name in ("recordings/monday", "recordings/beach", "tuesday"):
        recorded(tmp_path / name, [("a", 0, record(1))])
    (tmp_path / "beach").mkdir()
    (tmp_path / "pictures").mkdir()
    return Path("recordings")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("monday", "recordings/monday"),
        ("recordings/monday", "recordings/monday"),
        ("tuesday", "tuesday"),
        ("beach", "recordings/beach"),  # not the other folder of that name, which is none
        ("pictures", "pictures"),
        ("nowhere", "nowhere"),
    ],
)
def test_a_name_is_that_of_a_recording(given: str, found: str, folder: Path) -> None:
    assert locate.located(Path(given), folder) == Path(found)


@pytest.mark.parametrize(
    ("given", "place"),
    [("wednesday", "recordings/wednesday"), ("./x/wednesday", "x/wednesday"), ("beach", "recordings/beach")],
)
def test_a_new_one_lies_in_the_folder_unless_a_path_says_otherwise(given: str, place: str, folder: Path) -> None:
    assert locate.placed(Path(given), folder) == Path(place)


def test_a_recording_is_under_itself(folder: Path) -> None:
    assert locate.under(folder) == [folder / "beach", folder / "monday"]
    assert locate.under(folder / "beach") == [folder / "beach"]
