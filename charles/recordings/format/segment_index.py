"""The index of a sealed segment: where its blocks begin, and how late it is by then. It is derived."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from charles.avro.binary import read_long
from charles.base import atomic_file
from charles.recordings.format import avro_file
from charles.recordings.format.avro_file import ENTRIES, RECORDS, AvroFileReader
from charles.recordings.format.record_encoding import entry

SUFFIX = ".index"
_TWO_NUMBERS_BYTES = 20


class IndexEntry(NamedTuple):
    """One block. timestamp: the latest of the segment up to its end, -1: none; offset: its first; position: bytes."""

    timestamp: int
    offset: int
    position: int


def path_of(segment: Path) -> Path:
    return segment.with_suffix(SUFFIX)


def encoded(entries: Sequence[IndexEntry], sync: bytes) -> bytes:
    """The file of these entries, always the same bytes. sync: the segment's own marker."""
    begin = avro_file.header(ENTRIES, "null", sync)
    return begin + avro_file.block(len(entries), [entry(*each) for each in entries], "null", sync)


def write(segment: Path, entries: Sequence[IndexEntry], sync: bytes) -> None:
    """Raises Unwritable."""
    with atomic_file.written(path_of(segment)) as path:
        path.write_bytes(encoded(entries, sync))


def read(segment: Path) -> list[IndexEntry]:
    """Raises DamagedRecording, OSError."""
    path = path_of(segment)
    with path.open("rb") as file:
        return [IndexEntry(**item) for block in AvroFileReader(path, file, ENTRIES).blocks() for item in block.items]


def agrees(segment: Path, entries: Sequence[IndexEntry]) -> bool:
    """Whether every block begins where the index says, with that offset, and none of them later than it says: one that
    is a block late would lose records. Raises DamagedRecording, OSError."""
    with segment.open("rb") as file:
        blocks = [
            (position, *_offset_and_time(beginning))
            for position, beginning in AvroFileReader(segment, file, RECORDS).beginnings(_TWO_NUMBERS_BYTES)
        ]
    return [(each.position, each.offset) for each in entries] == [block[:2] for block in blocks] and all(
        each.timestamp >= block[2] for each, block in zip(entries, blocks, strict=True)
    )


def _offset_and_time(beginning: bytes) -> tuple[int, int]:
    """What a record begins with."""
    try:
        offset, at = read_long(beginning, 0)
        return offset, read_long(beginning, at)[0]
    except (IndexError, ValueError):
        return -1, -1


def at_offset(entries: Sequence[IndexEntry], offset: int) -> int:
    """Which block a record of this offset would be in."""
    return max(bisect_right(entries, offset, key=attrgetter("offset")) - 1, 0)


def at_time(entries: Sequence[IndexEntry], timestamp: int) -> int:
    """The first block that reaches this timestamp; their number where none does."""
    return bisect_left(entries, timestamp, key=attrgetter("timestamp"))
