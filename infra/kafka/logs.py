"""The broker's log: its end, what comes next, and the line that says why it died."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

EVENT = re.compile(r"^\d{4}-\d{2}-\d{2} [\d:,]+ (?P<level>[A-Z]+) ")
KNOWN = (
    ("No space left on device", "the disk is full: free some space and start again, nothing acknowledged is lost"),
    ("Failed to acquire lock on file", "another Kafka broker is using this data folder: stop that one first"),
    ("Address already in use", "its port was taken while it started: choose another --port"),
    ("OutOfMemoryError", "its heap was too small: start it with more --heap-mb"),
)
FOLLOW_PAUSE_S = 0.2


def last_lines(path: Path, count: int) -> list[str]:
    """The last count lines of a file, without their ends; none where there is no file."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, maxlen=count)]
    except FileNotFoundError:
        return []


def follow(path: Path) -> Iterator[str]:
    """Lines as they are written to path from now on, for ever; goes on in the new file when the log is rolled over."""
    file: TextIO | None = None
    try:
        at_end = path.exists()
        while True:
            if file is None and path.exists():
                file = path.open(encoding="utf-8", errors="replace")
                if at_end:
                    file.seek(0, 2)
            at_end = False
            line = file.readline() if file else ""
            if line:
                yield line.rstrip("\n")
                continue
            if file and _rolled_over(path, file):
                file.close()
                file = None
            time.sleep(FOLLOW_PAUSE_S)
    finally:
        if file:
            file.close()


def why_it_died(log: Path, since: int, output: Path) -> str:
    """One line: what a broker said about its end, in broker.log from byte `since` on, or else in Java's own output."""
    text = _read(log, since)
    printed = _read(output, 0)
    for sign, meaning in KNOWN:
        if sign in text or sign in printed:
            return meaning
    # The first error is the cause, the later ones are its consequences; of a chain of causes the last is the root.
    lines = iter(text.splitlines())
    for line in lines:
        event = EVENT.match(line)
        if event and event["level"] in ("ERROR", "FATAL"):
            said = [line[event.end() :].strip()]
            for more in lines:
                if EVENT.match(more):
                    break
                said.append(more)
            causes = [more.removeprefix("Caused by: ") for more in said if more.startswith("Caused by: ")]
            return causes[-1] if causes else " ".join(said[:2])
    return (printed.strip().splitlines() or ["it said nothing"])[-1]


def _read(path: Path, since: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(since)
            return file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _rolled_over(path: Path, file: TextIO) -> bool:
    """Whether path is no longer the file that is open, or shorter than what was read of it."""
    try:
        return path.stat().st_size < file.tell()
    except FileNotFoundError:
        return True
