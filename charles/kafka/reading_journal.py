"""Which record a process has in hand, in a file: so that one that ends every process that reads it is found.

A file that is mapped into memory survives its process, whatever ends it, and costs no call. Where two lives of a
program in a row ended over the same record, the third one sets it aside: it reads an empty one in its place.
"""

from __future__ import annotations

import hashlib
import json
import logging
import mmap
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from charles.base import atomic_file
from charles.base.atomic_file import Unwritable

log = logging.getLogger(__name__)

LIVES = 2
"""So many in a row must have ended over a record."""
_MOST_ASIDE = 1_000
_THREADS = 32
_TOPICS = 64
_IN_HAND = struct.Struct("<iiq")
"""A topic's number, a partition, an offset."""
_NOTHING = _IN_HAND.pack(-1, 0, 0)
_NAME_BYTES = 256
_NAMES_AT = _THREADS * _IN_HAND.size
_FILE_BYTES = _NAMES_AT + _TOPICS * _NAME_BYTES

Place = tuple[str, int, int]
"""Topic, partition, offset."""


class SetAside:
    """An empty record in the place of one that nobody must read. original: that one."""

    reason = f"it ended {LIVES} lives of the program in a row; it was set aside unread"

    def __init__(self, original: Any) -> None:
        self.original = original

    def value(self) -> bytes:
        return b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)


def original(message: Any) -> Any:
    """The record itself, for who copies it and does not read it."""
    return message.original if isinstance(message, SetAside) else message


class ReadingJournal:
    """aside: the places of records that are not read any more, and the digests of what lay there when that was seen
    first; empty: it was not seen yet."""

    def __init__(self, path: Path | None = None) -> None:
        """path: of the file; None: nothing is written down. Where it cannot be written, that is logged, and nothing
        is."""
        self.aside: dict[Place, str] = {}
        self._path: Path | None = None
        self._deaths: dict[Place, int] = {}
        self._file: mmap.mmap | bytearray = bytearray(_NOTHING * _THREADS)
        self._numbers: dict[str, int] = {}
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._threads = 0
        if path is not None:
            try:
                self._open(path)
            except (OSError, Unwritable) as error:
                log.warning("records that end this program will not be found: %s", error)

    def take(self, message: Any) -> Any:
        """Note that this record is in hand now; returns it, or an empty one in its place."""
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        try:  # it costs, and records come by the thousand
            _IN_HAND.pack_into(self._file, self._thread.at, self._numbers[topic], partition, offset)
        except (AttributeError, KeyError):
            _IN_HAND.pack_into(self._file, self._slot, self._name(topic), partition, offset)
        if self.aside and (place := (topic, partition, offset)) in self.aside and self._is_it(place, message):
            return SetAside(message)
        return message

    def _is_it(self, place: Place, message: Any) -> bool:
        """Whether the record at this place is the one that was set aside, and not one of another topic of that name."""
        found = hashlib.sha256(message.value() or b"").hexdigest()
        if not self.aside[place]:
            self.aside[place] = found
            self._save()
        return self.aside[place] == found

    @property
    def in_hand(self) -> bytes:
        """What this thread has in hand, to be given back where another record was read meanwhile."""
        at = self._slot
        return bytes(self._file[at : at + _IN_HAND.size])

    @in_hand.setter
    def in_hand(self, before: bytes) -> None:
        at = self._slot
        self._file[at : at + _IN_HAND.size] = before

    @property
    def _slot(self) -> int:
        """Where this thread notes what it has in hand."""
        try:
            at: int = self._thread.at
        except AttributeError:
            with self._lock:
                at = self._thread.at = min(self._threads, _THREADS - 1) * _IN_HAND.size
                self._threads += 1
        return at

    def _name(self, topic: str) -> int:
        """The number of a topic, under which its name is in the file."""
        with self._lock:
            if topic in self._numbers:
                return self._numbers[topic]
            number = min(len(self._numbers), _TOPICS - 1)
            self._numbers[topic] = number
            if isinstance(self._file, mmap.mmap):
                at = _NAMES_AT + number * _NAME_BYTES
                self._file[at : at + _NAME_BYTES] = topic.encode()[: _NAME_BYTES - 1].ljust(_NAME_BYTES, b"\0")
        return number

    def _open(self, path: Path) -> None:
        with suppress(FileNotFoundError):
            data = path.read_bytes()
            self._path = path.with_suffix(".json")
            self._judge([*_left_in_hand(data)] if len(data) == _FILE_BYTES else [])
        # A new file in the old one's place: a process that still has that one mapped would die where it is cut.
        with atomic_file.written(path) as fresh:
            fresh.write_bytes(_NOTHING * _THREADS + bytes(_TOPICS * _NAME_BYTES))
        with path.open("r+b") as file:
            self._file = mmap.mmap(file.fileno(), _FILE_BYTES)

    def _judge(self, left: list[Place]) -> None:
        """What the last life had in hand when it ended, and how often in a row."""
        before, self.aside = _known(self._path)
        counted = {place: before.get(place, 0) + 1 for place in left if place not in self.aside}
        self._deaths = {place: count for place, count in counted.items() if count < LIVES}
        for place, count in counted.items():
            where = "{} {}@{}".format(*place)
            if place in self._deaths:
                log.warning("the last life of this program ended over %s; a second one in a row sets it aside", where)
            else:
                log.error("%d lives of this program in a row ended over %s: it is set aside unread", count, where)
                self.aside[place] = ""
        if counted or before:
            self._save()

    def _save(self) -> None:
        if self._path is None:
            return
        kept = {
            "deaths": [[*place, count] for place, count in self._deaths.items()],
            "aside": [[*place, digest] for place, digest in [*self.aside.items()][-_MOST_ASIDE:]],
        }
        with suppress(Unwritable), atomic_file.written(self._path) as file:
            file.write_text(json.dumps(kept), encoding="utf-8")


def _left_in_hand(data: bytes) -> Iterator[Place]:
    for at in range(0, _NAMES_AT, _IN_HAND.size):
        number, partition, offset = _IN_HAND.unpack_from(data, at)
        if 0 <= number < _TOPICS:
            name_at = _NAMES_AT + number * _NAME_BYTES
            name = data[name_at : name_at + _NAME_BYTES].partition(b"\0")[0].decode(errors="replace")
            if name:
                yield name, partition, offset


def _known(path: Path | None) -> tuple[dict[Place, int], dict[Place, str]]:
    """How many lives in a row ended over a record; and which are set aside, with their digests."""
    try:
        found = json.loads(path.read_bytes()) if path is not None else {"deaths": [], "aside": []}
        deaths = {_place(*place): int(count) for *place, count in found["deaths"]}
        return deaths, {_place(*place): str(digest) for *place, digest in found["aside"]}
    except FileNotFoundError:
        return {}, {}
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        log.warning("%s cannot be read, and is begun anew: %s", path, error)
        return {}, {}


def _place(topic: object, partition: int, offset: int) -> Place:
    return str(topic), int(partition), int(offset)
