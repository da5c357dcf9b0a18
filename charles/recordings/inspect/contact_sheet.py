"""A contact sheet: a recording at a glance, as one PNG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from charles import topics
from charles.avro.codec import Unreadable, decode
from charles.base.atomic_file import written
from charles.base.pictures import BadPicture, decoded
from charles.base.progress import Progress, no_progress
from charles.base.time_format import utc
from charles.events import Frame
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording

PICTURES = 24
_COLUMNS, _WIDTH, _HIGHEST, _GAP, _CAPTION = 6, 320, 640, 8, 38
_PAPER, _INK = (247, 250, 251), (60, 48, 34)
"""Of charles/plots/style.py, as OpenCV orders colours."""

Pixels = NDArray[np.uint8]


def draw(path: Path, source: Recording, pictures: int = PICTURES, progress: Progress = no_progress) -> int:
    """Write a PNG with so many frames, evenly over the recording's time, by turns of each collector; each with its
    collector, its time and its tick. Returns how many there are: fewer where there are not so many. Raises
    RecordingError where there is none, Unwritable."""
    frames = _chosen(source, pictures, progress)
    if not frames:
        raise RecordingError(f"{source.folder} has no frames to show")
    sheet = _sheet([_tile(frame) for frame in frames])
    _, data = cv2.imencode(".png", sheet)
    with written(path) as file:
        file.write_bytes(data.tobytes())
    return len(frames)


def _chosen(source: Recording, pictures: int, progress: Progress) -> list[Frame]:
    """A frame of each of as many stretches of time, of the collector whose turn it is if it has one there."""
    source.partitions(topics.FRAMES.name)
    length = source.lengths[topics.FRAMES.name]
    step = (length.last_timestamp - length.first_timestamp + 1) / pictures
    collectors = sorted(source.manifest.runs)
    frames: list[Frame] = []
    for number in range(pictures):
        since, until = (round(length.first_timestamp + step * at) for at in (number, number + 1))
        turn = collectors[number % len(collectors)].encode() if collectors else b""
        frame = _first(source, since, until, turn)
        if frame is not None:
            frames.append(frame)
        progress(number + 1, pictures)
    return frames


def _first(source: Recording, since: int, until: int, collector: bytes) -> Frame | None:
    """The first readable frame of this time, of this collector if it has one."""
    other: Frame | None = None
    for _topic, _partition, record in source.merged([topics.FRAMES.name], since, until):
        ours = record.header("collector") == collector
        if other is not None and not ours:
            continue
        try:
            frame = decode(Frame, record.value, source.manifest.find_schema)
        except Unreadable:
            continue
        if ours:
            return frame
        other = frame
    return other


def _tile(frame: Frame) -> Pixels:
    """A picture above its caption."""
    try:
        shown = decoded(frame.picture, cv2.IMREAD_COLOR)
    except BadPicture:
        shown = np.zeros((_WIDTH * 9 // 16, _WIDTH, 3), np.uint8)
    height = min(max(round(shown.shape[0] * _WIDTH / shown.shape[1]), 1), _HIGHEST)
    picture = cv2.resize(shown, (_WIDTH, height), interpolation=cv2.INTER_AREA)
    caption = np.full((_CAPTION, _WIDTH, 3), _PAPER, np.uint8)
    _write(caption, frame.collector, 15)
    _write(caption, f"{utc(frame.time)}  tick {frame.tick}", 32)
    return np.concatenate([picture, caption])


def _write(pixels: Pixels, text: str, baseline: int) -> None:
    plain = text.encode("ascii", "replace").decode()
    cv2.putText(pixels, plain, (2, baseline), cv2.FONT_HERSHEY_SIMPLEX, 0.42, _INK, 1, cv2.LINE_AA)


def _sheet(tiles: Sequence[Pixels]) -> Pixels:
    columns = min(_COLUMNS, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    height = max(tile.shape[0] for tile in tiles)
    sheet = np.full((_GAP + rows * (height + _GAP), _GAP + columns * (_WIDTH + _GAP), 3), _PAPER, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = (
            _GAP + place * (size + _GAP) for place, size in zip(divmod(number, columns), (height, _WIDTH), strict=True)
        )
        sheet[top : top + tile.shape[0], left : left + _WIDTH] = tile
    return sheet
