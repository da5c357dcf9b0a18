"""A recording, read."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from charles.base.atomic_file import Unwritable
from charles.recordings.format import layout, segment_index
from charles.recordings.format.errors import DamagedRecording, RecordingError
from charles.recordings.format.manifest import Manifest, SegmentInfo
from charles.recordings.format.record import NO_OFFSET, NO_TIMESTAMP, Record
from charles.recordings.format.segment_index import IndexEntry
from charles.recordings.format.segment_reader import read_segment, tallied

Keep = Callable[[str, int, Record], bool]


@dataclass(frozen=True, slots=True)
class TopicLength:
    """How much of a topic is recorded. bytes: of its files; first_timestamp, last_timestamp: the earliest and the
    latest, milliseconds, -1: there is none."""

    records: int
    bytes: int
    first_timestamp: int
    last_timestamp: int


class Recording:
    """Everything that is recorded, in order. One that is not complete (it is being recorded, or that was killed) is
    read as far as it was flushed. Reading raises DamagedRecording where a file is missing or not as it was written.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest

    @classmethod
    def open(cls, folder: Path) -> Recording:
        """Raises RecordingError, DamagedRecording."""
        return cls(folder, Manifest.load(folder))

    @property
    def topics(self) -> list[str]:
        """Short names, in the manifest's order."""
        return list(self.manifest.topics)

    @property
    def digest(self) -> str:
        """The SHA-256 of what is sealed: of everything, once it is complete."""
        return self.manifest.digest()

    @cached_property
    def lengths(self) -> dict[str, TopicLength]:
        """By topic. What is not sealed is read for it, once."""
        return {topic: self._length(topic) for topic in self.topics}

    def partitions(self, topic: str) -> list[int]:
        """Raises RecordingError where this topic is not recorded."""
        if topic not in self.manifest.topics:
            raise RecordingError(f"{self.folder} has no topic {topic}; topics: {', '.join(self.topics) or 'none'}")
        return list(range(self.manifest.topics[topic].partitions))

    def segments(self, topic: str, partition: int) -> list[SegmentInfo]:
        """The sealed ones, in order. Raises DamagedRecording where one is missing between two of them."""
        found = self.manifest.segments_of(topic, partition)
        before = NO_OFFSET
        for each in found:
            if each.follows != before:
                lacking = f"the segment before {each.file} is missing: it follows offset {each.follows}, not {before}"
                raise DamagedRecording(self.folder / layout.MANIFEST, 0, lacking)
            before = each.last_offset
        return found

    def open_segments(self, topic: str, partition: int) -> list[Path]:
        """Those that are not sealed, in order: none in what is complete, one usually, more while somebody writes."""
        if self.manifest.state == "complete":
            return []
        return unlisted(self.folder, self.manifest, topic, partition)

    def read(self, topic: str, partition: int, from_offset: int = 0) -> Iterator[Record]:
        """The records of a partition, from this offset on."""
        for info in self.segments(topic, partition):
            if info.last_offset >= from_offset:
                position = None
                if info.first_offset < from_offset:
                    entries = self.entries(info)
                    position = entries[segment_index.at_offset(entries, from_offset)].position
                yield from self._sealed(info, from_offset, position)
        yield from self._open(topic, partition, from_offset)

    def read_since(self, topic: str, partition: int, since_ms: int) -> Iterator[tuple[int, Record]]:
        """The records of a partition from the first on that is so late, each with the latest timestamp so far: a clock
        that jumps back does not set time back."""
        latest = NO_TIMESTAMP
        for records in self._segments_since(topic, partition, since_ms):
            for record in records:
                latest = max(latest, record.timestamp)
                if latest >= since_ms:
                    yield latest, record

    def merged(
        self,
        topics: Collection[str] | None = None,
        since_ms: int | None = None,
        until_ms: int | None = None,
        keep: Keep | None = None,
    ) -> Iterator[tuple[str, int, Record]]:
        """The records of these topics (None: all), with topic and partition, in the order in which they were recorded:
        by the latest timestamp that their partition has reached, so that a partition's own order is always kept.

        since_ms, until_ms: from then on, and before then, by that same time; keep: which of them.
        """
        streams = [
            self._keyed(place, topic, partition, NO_TIMESTAMP if since_ms is None else since_ms)
            for place, topic in enumerate(self.topics if topics is None else topics)
            for partition in self.partitions(topic)
        ]
        for latest, _place, partition, _offset, topic, record in heapq.merge(*streams):
            if until_ms is not None and latest >= until_ms:
                return
            if keep is None or keep(topic, partition, record):
                yield topic, partition, record

    def entries(self, info: SegmentInfo) -> list[IndexEntry]:
        """A sealed segment's index, made again where it is missing or damaged."""
        path = self.folder / info.file
        with suppress(DamagedRecording, OSError):
            found = segment_index.read(path)
            if _fits(found, info) and segment_index.agrees(path, found):
                return found
        tally, sync = tallied(path)
        with suppress(Unwritable):
            segment_index.write(path, tally.entries, sync)
        return tally.entries

    def _length(self, topic: str) -> TopicLength:
        sealed = [each for each in self.manifest.segments if each.topic == topic]
        parts = [(each.records, each.bytes, each.first_timestamp, each.last_timestamp) for each in sealed]
        for partition in self.partitions(topic):
            for path in self.open_segments(topic, partition):
                tally, _sync = tallied(path, may_be_torn=True)
                parts.append((tally.records, path.stat().st_size, tally.first_timestamp, tally.last_timestamp))
        first = min((part[2] for part in parts if part[2] != NO_TIMESTAMP), default=NO_TIMESTAMP)
        last = max((part[3] for part in parts), default=NO_TIMESTAMP)
        return TopicLength(sum(part[0] for part in parts), sum(part[1] for part in parts), first, last)

    def _segments_since(self, topic: str, partition: int, since_ms: int) -> Iterator[Iterator[Record]]:
        """The records of a partition, segment by segment, but for most of those that are before this time."""
        reached = NO_TIMESTAMP
        for info in self.segments(topic, partition):
            before, reached = reached, max(reached, info.last_timestamp)
            if reached < since_ms:
                continue
            position = None
            if before < since_ms:
                entries = self.entries(info)
                position = entries[segment_index.at_time(entries, since_ms)].position
            yield self._sealed(info, 0, position)
        yield self._open(topic, partition, 0)

    def _keyed(
        self, place: int, topic: str, partition: int, since_ms: int
    ) -> Iterator[tuple[int, int, int, int, str, Record]]:
        """What the merge compares, of which no two are equal, and what it is about."""
        for latest, record in self.read_since(topic, partition, since_ms):
            yield latest, place, partition, record.offset, topic, record

    def _sealed(self, info: SegmentInfo, from_offset: int, position: int | None) -> Iterator[Record]:
        path = self.folder / info.file
        with suppress(FileNotFoundError):
            if (size := path.stat().st_size) != info.bytes:
                raise DamagedRecording(
                    path, min(size, info.bytes), f"it has {size} bytes, but the manifest says {info.bytes}"
                )
        last = NO_OFFSET
        for record in read_segment(path, from_offset, position):
            last = record.offset
            yield record
        if last != info.last_offset:
            raise DamagedRecording(
                path, info.bytes, f"it ends with offset {last}, but the manifest says {info.last_offset}"
            )

    def _open(self, topic: str, partition: int, from_offset: int) -> Iterator[Record]:
        for path in self.open_segments(topic, partition):
            yield from read_segment(path, from_offset, may_be_torn=True)


def _fits(entries: list[IndexEntry], info: SegmentInfo) -> bool:
    """Whether it can be this segment's index, by what the manifest says."""
    found = entries and (entries[0].offset, entries[-1].timestamp)
    return found == (info.first_offset, info.last_timestamp)


def unlisted(folder: Path, manifest: Manifest, topic: str, partition: int) -> list[Path]:
    """The segments of a partition that the manifest does not name, in order. Raises DamagedRecording where one overlaps
    those that it names."""
    named = manifest.segments_of(topic, partition)
    files = {folder / each.file for each in named}
    found = [(offset, path) for offset, path in layout.segments(folder, topic, partition) if path not in files]
    for offset, path in found:
        if named and offset <= named[-1].last_offset:
            reason = f"it is not in the manifest, but its partition is sealed up to offset {named[-1].last_offset}"
            raise DamagedRecording(path, 0, reason, "move it away")
    return [path for _offset, path in found]
