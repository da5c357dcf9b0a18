"""A folder of pictures with a table of labels, as a recording of frames and controls.

What the table does not say of a tick (yaw rate, place, purpose) is 0 in every control.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath

import cv2

from charles import topics
from charles.avro import codec
from charles.base.pictures import BadPicture, decoded
from charles.base.progress import Progress, ProgressReporter, no_progress
from charles.events import Control, Frame
from charles.recordings.edit.new_recording import new_folder
from charles.recordings.exchange.label_table import KNOWN_COLUMNS, LabelLine, LabelTable, opened
from charles.recordings.exchange.row_timing import RowPlace, timed
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.manifest import TopicInfo
from charles.recordings.format.record import Record
from charles.recordings.format.writer import RecordingWriter

MILES_PER_HOUR = 0.44704
"""m/s: the speed of Udacity's simulator is in it."""
JPEG_QUALITY = 95
"""Of the JPEGs that are made of other pictures."""
SCALED_COLUMNS = ("steering", "throttle", "brake", "speed")
_TELEMETRY = ("speed", "yaw_rate", "x", "y", "heading", "purpose_distance", "purpose_bearing")
_JPEG_START = b"\xff\xd8\xff"
_SUFFIXES = ("", ".jpg", ".jpeg", ".png")
_CREATE_TIME = 1
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,60}")


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to read the table. columns: names of columns, by what they mean; scales: what values are multiplied by;
    time_scale: seconds that the unit of times is; fps: rows a second."""

    columns: Mapping[str, str | None] = field(default_factory=dict)
    scales: Mapping[str, float | None] = field(default_factory=dict)
    time_scale: float | None = None
    fps: float | None = None
    collector: str = "imported"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What was made. used: the column of each meaning, and what it is multiplied by; too_many, gaps, step: see
    timing.Timing."""

    ticks: int
    runs: int
    used: dict[str, tuple[str, float]]
    too_many: int
    gaps: int
    step: float


def import_folder(
    pictures: Path, table: Path, folder: Path, options: ImportOptions, prefix: str, progress: Progress = no_progress
) -> ImportResult:
    """Make a recording of pictures and a table that names them. Everything in the table is looked at before anything is
    written. JPEGs stay as they are. Raises RecordingError, which names the row, Unwritable."""
    if not _NAME.fullmatch(options.collector):
        raise RecordingError(
            f"{options.collector!r} is not a valid collector name: use up to 60 of A-Z, a-z, 0-9, _ and -"
        )
    source = opened(table, options.columns)
    lines = list(source.lines())
    if not lines:
        raise RecordingError(f"{table} has no rows")
    scales = _scales(source, options)
    _require_range(source, lines, scales)
    timing = timed(source, lines, options.fps, options.time_scale)
    paths = [_located(pictures, source, place.line) for place in timing.places]
    runs = _run_names(table, timing.places)
    watch = ProgressReporter(progress, len(paths))
    info = {topic.name: TopicInfo(partitions=1) for topic in (topics.FRAMES, topics.CONTROLS)}
    used = {meaning: (name, scales.get(meaning, 1.0)) for meaning, (name, _place) in source.columns.items()}
    with new_folder(folder), RecordingWriter.create(folder, prefix, info) as writer:
        for event in (Frame, Control):
            writer.add_schema(codec.own_fingerprint(event), codec.schema(event))
        writer.note(_note(pictures, table, used))
        for offset, (place, path) in enumerate(watch.over(zip(timing.places, paths, strict=True))):
            try:
                control = _control(place, scales, options.collector, runs[place.run])
            except ValueError as problem:
                raise RecordingError(f"{table} row {place.line.row}: {problem}") from None
            frame = _frame(control, source, place.line, path)
            writer.append(topics.FRAMES.name, 0, _record(frame, offset))
            writer.append(topics.CONTROLS.name, 0, _record(control, offset))
        writer.finish()
    return ImportResult(len(paths), len(runs), used, timing.too_many, timing.gaps, timing.step)


def _scales(table: LabelTable, options: ImportOptions) -> dict[str, float]:
    scales = {name: 1.0 if (told := options.scales.get(name)) is None else told for name in SCALED_COLUMNS}
    if table.is_udacity and options.scales.get("speed") is None:
        scales["speed"] = MILES_PER_HOUR
    return scales


def _require_range(table: LabelTable, lines: Sequence[LabelLine], scales: Mapping[str, float]) -> None:
    """Raises RecordingError for the first label that is out of range, and says what scale fits all."""
    lowest = {"steering": -1.0, "throttle": 0.0 if "brake" in table.columns else -1.0, "brake": 0.0}
    for line in lines:
        for meaning, low in lowest.items():
            value = line.values.get(meaning, 0.0) * scales[meaning]
            if low <= value <= 1:
                continue
            most = max(abs(each.values[meaning]) for each in lines)
            remedy = f"use --{meaning}-scale {math.copysign(1 / most, scales[meaning]):.6g} to bring the largest to 1"
            if value < 0 and low == 0:
                remedy = f"negative values cannot be scaled; choose another column with --{meaning}-column"
            raise RecordingError(
                f"{table.path} row {line.row}, column {table.name(meaning)}: {value:g} is not in [{low:g}, 1]: {remedy}"
            )


def _located(folder: Path, table: LabelTable, line: LabelLine) -> Path:
    """The picture of a line: its path as it is written, or as much of its end as lies in the folder, for most tables
    were written on another machine. Raises RecordingError."""
    parts = [
        part for part in PureWindowsPath(line.frame).parts if part not in ("..", PureWindowsPath(line.frame).anchor)
    ]
    for first in range(len(parts)):
        for suffix in _SUFFIXES:
            path = folder.joinpath(*parts[first:-1], parts[-1] + suffix)
            with suppress(OSError):  # a name that is too long is none of a file
                if path.is_file():
                    return path
    raise RecordingError(f"{table.path} row {line.row}: no picture {line.frame} in {folder}")


def _run_names(table: Path, places: Sequence[RowPlace]) -> list[str]:
    """As collectors name theirs; the same table has the same names again."""
    mark = hashlib.sha256(table.read_bytes()).hexdigest()[:6]
    began: dict[int, RowPlace] = {}
    for place in places:
        began.setdefault(place.run, place)
    return [f"{place.time:%Y%m%dT%H%M%S%fZ}-{mark}" for place in began.values()]


def _control(place: RowPlace, scales: Mapping[str, float], collector: str, run: str) -> Control:
    """Where there is no brake, a throttle below 0 brakes."""
    values = {name: value * scales.get(name, 1.0) for name, value in place.line.values.items()}
    throttle = values["throttle"]
    return Control(
        collector=collector,
        run=run,
        tick=place.tick,
        time=place.time,
        acceleration=max(throttle, 0.0),
        braking=values.get("brake", max(-throttle, 0.0)),
        steering=values["steering"],
        **{name: values.get(name, 0.0) for name in _TELEMETRY},
    )


def _frame(control: Control, table: LabelTable, line: LabelLine, path: Path) -> Frame:
    data = path.read_bytes()
    try:
        shown = decoded(data, cv2.IMREAD_COLOR)
    except BadPicture as problem:
        raise RecordingError(f"{table.path} row {line.row}: {path} is not a readable picture: {problem}") from None
    if not data.startswith(_JPEG_START):
        data = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
    height, width = shown.shape[:2]
    return Frame(control.collector, control.run, control.tick, control.time, data, width, height, late=0, dropped=0)


def _record(event: Frame | Control, offset: int) -> Record:
    """As a collector publishes it."""
    headers = (("collector", event.collector), ("run", event.run), ("tick", str(event.tick)))
    timestamp = round(event.time.timestamp() * 1000)
    encoded = tuple((name, text.encode()) for name, text in headers)
    return Record(offset, timestamp, _CREATE_TIME, event.collector.encode(), codec.encode(event), encoded)


def _note(pictures: Path, table: Path, used: Mapping[str, tuple[str, float]]) -> str:
    told = ", ".join(
        f"{meaning} from {name}" + (f" x {scale:g}" if scale != 1 else "") for meaning, (name, scale) in used.items()
    )
    lacking = [name for name in KNOWN_COLUMNS if name not in used]
    return f"imported from {table.name} and {pictures.name}: {told}" + (
        f"; without {', '.join(lacking)}" if lacking else ""
    )
