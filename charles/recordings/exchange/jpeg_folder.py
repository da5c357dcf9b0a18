"""A recording as picture files, a folder for each run, with a table of labels beside them."""

from __future__ import annotations

import csv
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import TextIO

from charles import topics
from charles.avro.codec import Unreadable, decode
from charles.base.names import file_name
from charles.base.progress import Progress, ProgressReporter, no_progress
from charles.events import Control, Frame
from charles.recordings.edit.new_recording import new_folder
from charles.recordings.format.reader import Recording

LABELS = "labels.csv"
COLUMNS = ("frame", *(each.name for each in fields(Control)))
_OPEN_TABLES = 16
"""Tables that are open at a time."""


@dataclass(slots=True)
class ExportedPictures:
    """pictures: files; labels: rows, of ticks that have both; unreadable: records whose values cannot be read."""

    pictures: int = 0
    labels: int = 0
    runs: int = 0
    unreadable: int = 0


def export(source: Recording, folder: Path, progress: Progress = no_progress) -> ExportedPictures:
    """Write COLLECTOR/RUN/TICK.jpg for each frame, as it was recorded, and COLLECTOR/RUN/labels.csv with the control of
    each tick that has both, into a new folder. Of a tick that comes twice the first counts. Raises RecordingError,
    Unwritable."""
    kinds: dict[str, type[Frame | Control]] = {topics.FRAMES.name: Frame, topics.CONTROLS.name: Control}
    watch = ProgressReporter(progress, sum(source.lengths[name].records for name in kinds if source.partitions(name)))
    found = ExportedPictures()
    runs: dict[tuple[str, str], _PictureRun] = {}
    with new_folder(folder), closing(_Tables()) as tables:
        for topic, _partition, record in watch.over(source.merged(list(kinds))):
            try:
                event = decode(kinds[topic], record.value, source.manifest.find_schema)
            except Unreadable:
                found.unreadable += 1
                continue
            name = event.collector, event.run
            if name not in runs:
                runs[name] = _PictureRun(folder.joinpath(*map(file_name, name)))
            run = runs[name]
            if isinstance(event, Frame):
                found.pictures += run.add_frame(event)
            else:
                run.add_control(event)
            for control in run.whole():
                tables.add(run.folder / LABELS, control)
                found.labels += 1
    found.runs = len(runs)
    return found


class _PictureRun:
    """A run's ticks, of which one half has come and the other one has not. A topic brings them in order."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._frames: deque[int] = deque()
        self._controls: deque[Control] = deque()
        self._last = {Frame: -1, Control: -1}

    def add_frame(self, frame: Frame) -> bool:
        """Write its picture; False where it came before."""
        if frame.tick <= self._last[Frame]:
            return False
        (self.folder / _picture(frame.tick)).write_bytes(frame.picture)
        self._last[Frame] = frame.tick
        self._frames.append(frame.tick)
        return True

    def add_control(self, control: Control) -> None:
        if control.tick > self._last[Control]:
            self._last[Control] = control.tick
            self._controls.append(control)

    def whole(self) -> Iterator[Control]:
        """The ticks of which both halves have come, in order, once."""
        while self._frames and self._controls:
            frame, control = self._frames[0], self._controls[0]
            if frame <= control.tick:
                self._frames.popleft()
            if control.tick <= frame:
                self._controls.popleft()
            if frame == control.tick:
                yield control


class _Tables:
    """Tables that rows are added to, of which the last used ones are open."""

    def __init__(self) -> None:
        self._open: OrderedDict[Path, TextIO] = OrderedDict()

    def add(self, path: Path, control: Control) -> None:
        if path not in self._open:
            if len(self._open) >= _OPEN_TABLES:
                self._open.popitem(last=False)[1].close()
            begun = path.exists()
            self._open[path] = path.open("a", newline="", encoding="utf-8")
            if not begun:
                csv.writer(self._open[path]).writerow(COLUMNS)
        self._open.move_to_end(path)
        values = [getattr(control, name) for name in COLUMNS[1:]]
        told = [value.isoformat() if isinstance(value, datetime) else value for value in values]
        csv.writer(self._open[path]).writerow([_picture(control.tick), *told])

    def close(self) -> None:
        for file in self._open.values():
            file.close()


def _picture(tick: int) -> str:
    return f"{tick:06d}.jpg"
