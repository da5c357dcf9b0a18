"""A contact sheet shows frames evenly over a recording's time, by turns of each collector."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from charles.recordings.format.errors import RecordingError
from charles.recordings.inspect import contact_sheet
from tests.recordings.driving import drive, placed
from tests.recordings.made import record, recorded


def test_frames_are_chosen_evenly_and_by_turns(tmp_path: Path) -> None:
    source = recorded(tmp_path / "r", [*placed(drive(121, "a", "one")), *placed(drive(121, "b", "two"), 1)])
    chosen = contact_sheet._chosen(source, 4, lambda _done, _total: None)
    assert [frame.moment for frame in chosen] == [("one", "a", 0), ("two", "b", 30), ("one", "a", 60), ("two", "b", 91)]


def test_a_time_without_frames_of_whose_turn_it_is_shows_another_or_none(tmp_path: Path) -> None:
    source = recorded(tmp_path / "r", [*placed(drive(61, "a", "one")), *placed(drive(2, "b", "two", 9.0), 1)])
    chosen = contact_sheet._chosen(source, 9, lambda _done, _total: None)
    assert [frame.moment for frame in chosen] == [("one", "a", 0), ("one", "a", 31), ("two", "b", 0)]


def test_the_picture_shows_every_frame_in_its_place(tmp_path: Path) -> None:
    source = recorded(tmp_path / "r", placed(drive(121)))
    assert contact_sheet.draw(tmp_path / "sheet.png", source, 8) == 8
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet is not None
    height = 320 * 36 // 64 + 38
    assert sheet.shape == (8 + 2 * (height + 8), 8 + 6 * 328, 3)
    # The pictures of driving.picture() are of one grey each, by tick, with a white edge on their left.
    for number, frame in enumerate(contact_sheet._chosen(source, 8, lambda _done, _total: None)):
        tile = sheet[8 + number // 6 * (height + 8) :, 8 + number % 6 * 328 :]
        grey = np.median(tile[90:100, 310:318])
        assert abs(grey - frame.tick % 64 * 37 % 256) <= 3


def test_what_has_no_frames_has_no_sheet(tmp_path: Path) -> None:
    for name, rows in (("a", [("controls", 0, record(1))]), ("b", [("frames", 0, record(1))])):
        with pytest.raises(RecordingError, match=r"has no topic frames|has no frames to show"):
            contact_sheet.draw(tmp_path / "sheet.png", recorded(tmp_path / name, rows))
    assert not (tmp_path / "sheet.png").exists()
