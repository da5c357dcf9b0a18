"""What a collector of the chaos knows to be in the log: a file of lines of one length, one for each acknowledged half.

What was written with os.write() is there after kill -9 of the process too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from charles.events import Moment

FRAME, CONTROL = "f", "c"
_LINE = len("f 0000-0000 0000000000\n")

Half = tuple[str, Moment]
"""FRAME or CONTROL, and the tick."""


def run_name(life: int, number: int) -> str:
    """The name of a run: in which life of its collector, the how manieth."""
    return f"{life:04d}-{number:04d}"


class Notes:
    """Where one collector writes them down."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def add(self, half: str, run: str, tick: int) -> None:
        os.write(self._file, f"{half} {run} {tick:010d}\n".encode())


def count(file: Path) -> int:
    """How many halves are noted."""
    return file.stat().st_size // _LINE if file.exists() else 0


def read(file: Path, collector: str) -> Iterator[Half]:
    for line in file.read_text(encoding="utf-8").splitlines():
        half, run, tick = line.split(" ")
        yield half, (collector, run, int(tick))
