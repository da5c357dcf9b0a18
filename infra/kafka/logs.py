"""The broker's log: its end, what comes next, and the line that says why it died."""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

EVENT = re.compile(r"^\d{4}-\d{2}-\d{2} [\d:,]+ (?P<level>[A-Z]+) ")
FULL_DISK_MEANING = "the disk of {data} was full: free some space and start again; acknowledged records are not lost"
KNOWN_ERRORS = (
    ("No space left on device", FULL_DISK_MEANING),
    (
        "InternalError: a fault occurred in an unsafe memory access",
        FULL_DISK_MEANING,
    ),  # of an index, mapped into memory
    ("Failed to acquire lock on file", "another Kafka broker is using this data folder: stop that one first"),
    ("Address already in use", "its port was taken while it started: choose another --port"),
    ("OutOfMemoryError", "its heap was too small: start it with more --heap-mb"),
)
FOLLOW_PAUSE_S = 0.2


def tail(path: Path, count: int, *, follow: bool) -> Iterator[str]:
    """The last count lines of the log, without their ends; with follow also what is written from then on, for ever.

    A file that is not there yet is waited for, and when the log is rolled over the new file is gone on with.
    """
    file = _open(path)
    yield from deque((line.rstrip("\n") for line in file or ()), maxlen=count)
    begun = ""
    while follow:
        # The broker may be in the middle of writing a line: its rest comes with a later look.
        begun += file.readline() if file else ""
        if begun.endswith("\n"):
            yield begun.rstrip("\n")
            begun = ""
        elif file and _is_still(path, file):
            time.sleep(FOLLOW_PAUSE_S)
        else:
            if file:
                file.close()
            time.sleep(FOLLOW_PAUSE_S)
            file = _open(path)
    if file:
        file.close()


def why_it_died(log: Path, since: int, output: Path) -> str:
    """One line: what a broker said about its end, in broker.log from byte `since` on, or else in Java's own output."""
    text = _read(log, since)
    printed = _read(output, 0)
    for sign, meaning in KNOWN_ERRORS:
        if sign in text or sign in printed:
            return meaning.format(data=log.parent)
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
    told = [line for line in printed.splitlines() if line.strip() and not line.startswith("WARNING: ")]
    return told[-1].strip() if told else "its log is empty"


def _read(path: Path, since: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(since)
            return file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _open(path: Path) -> TextIO | None:
    try:
        return path.open(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _is_still(path: Path, file: TextIO) -> bool:
    """Whether path is the file that is open, and not a new one in its place."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
