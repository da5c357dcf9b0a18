"""The table beside a folder of pictures: which column means what, as most older projects call it."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from charles.recordings.format.errors import RecordingError

FRAME, TIME = "frame", "time"
KNOWN_COLUMNS = {
    FRAME: ("frame", "center", "image", "img", "picture", "file", "filename", "image_path", "path"),
    "steering": ("steering", "steer", "steering_angle", "angle"),
    "throttle": ("throttle", "acceleration", "accelerator", "gas"),
    "brake": ("brake", "braking"),
    "speed": ("speed", "velocity"),
    TIME: ("time", "timestamp", "seconds"),
    "yaw_rate": ("yaw_rate",),
    "x": ("x",),
    "y": ("y",),
    "heading": ("heading",),
    "purpose_distance": ("purpose_distance",),
    "purpose_bearing": ("purpose_bearing",),
}
"""What columns are called, by what they mean; the first name that is there counts."""
NEEDED_COLUMNS = (FRAME, "steering", "throttle")

_UDACITY_COLUMNS = ("center", "left", "right", "steering", "throttle", "brake", "speed")
"""A driving log of Udacity's simulator, which usually has no header."""
_PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
_WORDS = {"true": 1.0, "false": 0.0}


class LabelLine(NamedTuple):
    """row: of the file, from 1, as spreadsheets count; values: numbers, by what they mean; time: as it is written."""

    row: int
    frame: str
    values: dict[str, float]
    time: str


@dataclass(frozen=True, slots=True)
class LabelTable:
    """columns: by what they mean, the column's name and place; is_udacity: it is a driving log of that simulator."""

    path: Path
    columns: Mapping[str, tuple[str, int]]
    has_header: bool
    delimiter: str
    is_udacity: bool

    def name(self, meaning: str) -> str:
        return self.columns[meaning][0]

    def lines(self) -> Iterator[LabelLine]:
        """Raises RecordingError, which names row and column."""
        for row, cells in _rows(self.path, self.delimiter):
            if row == 1 and self.has_header:
                continue
            most = max(place for _name, place in self.columns.values())
            if len(cells) <= most:
                raise RecordingError(f"{self.path} row {row} has {len(cells)} columns, but needs at least {most + 1}")
            texts = {meaning: cells[place].strip() for meaning, (_name, place) in self.columns.items()}
            frame, time = texts.pop(FRAME), texts.pop(TIME, "")
            yield LabelLine(
                row, frame, {meaning: self._number(row, meaning, text) for meaning, text in texts.items()}, time
            )

    def _number(self, row: int, meaning: str, text: str) -> float:
        try:
            value = _WORDS[text.lower()] if text.lower() in _WORDS else float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise RecordingError(f"{self.path} row {row}, column {self.name(meaning)}: {text!r} is not a number")
        return value


def opened(path: Path, chosen: Mapping[str, str | None]) -> LabelTable:
    """A table, its columns found by their names. chosen: the name of a column, by what it means, where somebody said
    so; a column without a name is called by its number, from 1. Raises RecordingError."""
    delimiter = _delimiter(path)
    first = next((cells for _row, cells in _rows(path, delimiter)), None)
    if first is None:
        raise RecordingError(f"{path} is empty")
    has_header = not any(_is_number(cell) for cell in first)
    names = [cell.strip() for cell in first] if has_header else [str(number) for number in range(1, len(first) + 1)]
    is_udacity = _is_udacity(first, has_header)
    if is_udacity and not has_header:
        names = list(_UDACITY_COLUMNS)
    columns = {}
    for meaning, known in KNOWN_COLUMNS.items():
        if (told := chosen.get(meaning)) is not None:
            if told not in names:
                raise RecordingError(f"{path} has no column {told}; columns: {', '.join(names)}")
            columns[meaning] = told, names.index(told)
        else:
            lower = [name.lower().replace(" ", "_") for name in names]
            found = next((name for name in known if name in lower), None)
            if found is not None:
                columns[meaning] = names[lower.index(found)], lower.index(found)
    for meaning in NEEDED_COLUMNS:
        if meaning not in columns:
            raise RecordingError(
                f"{path} has no known column for {meaning}: name it with --{meaning}-column; columns: "
                f"{', '.join(names)}"
            )
    return LabelTable(path, columns, has_header, delimiter, is_udacity)


def _rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Numbered from 1; empty ones are left out. Raises RecordingError."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for row, cells in enumerate(csv.reader(file, delimiter=delimiter, skipinitialspace=True), 1):
                if any(cell.strip() for cell in cells):
                    yield row, cells
    except FileNotFoundError:
        raise RecordingError(f"no such file: {path}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"{path} is not a valid CSV file: {error}") from None


def _delimiter(path: Path) -> str:
    """What stands between columns: comma, semicolon or tab."""
    first = next((",".join(cells) for _row, cells in _rows(path, ",")), "")
    return max(",;\t", key=first.count)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_udacity(first: list[str], has_header: bool) -> bool:
    if has_header:
        return tuple(cell.strip().lower() for cell in first) == _UDACITY_COLUMNS
    pictures, numbers = first[:3], first[3:]
    return (
        len(first) == len(_UDACITY_COLUMNS)
        and all(cell.strip().lower().endswith(_PICTURE_SUFFIXES) for cell in pictures)
        and all(map(_is_number, numbers))
    )
