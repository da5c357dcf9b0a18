"""What a segment holds, counted block by block while it is written or read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from charles.recordings.format.record import NO_TIMESTAMP, Record
from charles.recordings.format.segment_index import IndexEntry


@dataclass(frozen=True, slots=True)
class SegmentStats:
    """What a sealed segment is. first_timestamp, last_timestamp: the earliest and the latest, -1: there is none."""

    first_offset: int
    last_offset: int
    records: int
    bytes: int
    sha256: str
    first_timestamp: int
    last_timestamp: int
    codec: str


class SegmentTally:
    """first_offset, last_offset: -1 while there is no record; timestamps as those of Facts; entries: of the index."""

    def __init__(self) -> None:
        self.records = 0
        self.first_offset = -1
        self.last_offset = -1
        self.first_timestamp = NO_TIMESTAMP
        self.last_timestamp = NO_TIMESTAMP
        self.entries: list[IndexEntry] = []

    def add(self, position: int, records: Sequence[Record]) -> None:
        """Count a block, which begins at this position."""
        if self.records == 0:
            self.first_offset = records[0].offset
        self.last_offset = records[-1].offset
        self.records += len(records)
        timestamps = [record.timestamp for record in records if record.timestamp >= 0]
        if timestamps:
            earliest = min(timestamps)
            known = self.first_timestamp != NO_TIMESTAMP
            self.first_timestamp = min(earliest, self.first_timestamp) if known else earliest
            self.last_timestamp = max(self.last_timestamp, *timestamps)
        self.entries.append(IndexEntry(self.last_timestamp, records[0].offset, position))

    def facts(self, size: int, sha256: str, codec: str) -> SegmentStats:
        return SegmentStats(
            self.first_offset,
            self.last_offset,
            self.records,
            size,
            sha256,
            self.first_timestamp,
            self.last_timestamp,
            codec,
        )
