"""Frames as MP4: a video of each collector, to be looked at; its pictures are not those of the recording to the bit."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cv2

from charles.base.atomic_file import Unwritable
from charles.base.names import file_name
from charles.base.pictures import BadPicture, decoded
from charles.events import Frame
from charles.pacing import HZ
from charles.recordings.format.errors import RecordingError

CODEC = "mp4v"
"""MPEG-4 Part 2, which OpenCV writes without anything else being installed."""
_LOOK, _LEAST = 300, 1 << 16
"""Every so many frames so many bytes must be free."""


class Videos:
    """Writes frames one after the other, 30 a second, each collector's into COLLECTOR.mp4; missing ticks leave no hole.
    Where the size of the pictures changes another file begins, COLLECTOR-2.mp4."""

    def __init__(self, folder: Path) -> None:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # it warns of each frame of a full disk
        self._folder = folder
        self._open: dict[str, _Video] = {}
        self._begun: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for video in self._open.values():
            video.writer.release()
            if kind is None:
                video.check()

    def add(self, frame: Frame) -> tuple[str, int] | None:
        """Write a frame; returns the file's name and the frame's number in it, from 0, None for what is no picture.
        Raises Unwritable."""
        try:
            picture = decoded(frame.picture, cv2.IMREAD_COLOR)
        except BadPicture:
            return None
        size = picture.shape[1], picture.shape[0]
        video = self._open.get(frame.collector)
        if video is None or video.size != size:
            video = self._begin(frame.collector, size)
        video.write(picture)
        return video.path.name, video.frames - 1

    def _begin(self, collector: str, size: tuple[int, int]) -> _Video:
        if collector in self._open:
            before = self._open.pop(collector)
            before.writer.release()
            before.check()
        number = self._begun[collector] = self._begun.get(collector, 0) + 1
        name = file_name(collector) + (f"-{number}" if number > 1 else "")
        video = self._open[collector] = _Video(self._folder / f"{name}.mp4", size)
        return video


class _Video:
    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        if path.exists():
            raise RecordingError(
                f"{path} would contain two collectors: separate them first with `charles recordings cut`"
            )
        self.path, self.size, self.frames = path, size, 0
        self.writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*CODEC), HZ, size)
        if not self.writer.isOpened():
            raise Unwritable(f"{path} cannot be written: OpenCV cannot make a video of {size[0]}x{size[1]} there")

    def write(self, picture: Any) -> None:
        """OpenCV says nothing where it cannot. Raises Unwritable."""
        if self.frames % _LOOK == 0 and shutil.disk_usage(self.path.parent).free < _LEAST:
            raise Unwritable(f"{self.path} cannot be written: the disk is full")
        self.writer.write(picture)
        self.frames += 1

    def check(self) -> None:
        """Whether all of it is there, once the writer has released it. Raises Unwritable."""
        written = cv2.VideoCapture(str(self.path))
        count = round(written.get(cv2.CAP_PROP_FRAME_COUNT))
        written.release()
        if count != self.frames:
            raise Unwritable(
                f"{self.path} cannot be written: only {count} of {self.frames} frames were written; is the disk full?"
            )
