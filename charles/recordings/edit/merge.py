"""Merges several recordings into one.

Where a partition's records are of one log they keep their offsets, and what several recordings hold of it is kept once.
They are where the cluster's own id of the topic says so, and where that is unknown, as far as offsets and times tell.
Where they cannot be (the ids differ, an offset has two records, or later offsets are of earlier times) they are put in
the order in which they were recorded, and numbered anew from 0; that is noted. A moment that comes from two recordings
under two offsets is kept once too; a record is that of a moment by its headers.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from charles.base.progress import Progress, ProgressReporter, no_progress
from charles.recordings.edit.duplicate_ticks import Moments
from charles.recordings.edit.new_recording import made
from charles.recordings.format.manifest import SegmentInfo, TopicInfo
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import NO_OFFSET, NO_TIMESTAMP, Record
from charles.recordings.format.segment_reader import tallied
from charles.recordings.format.segment_stats import SegmentTally

SKEW_MS = 60_000
"""How far a log's timestamps may fall back from one recording to the next: its producers' clocks differ."""


class _Range(NamedTuple):
    """What a recording holds of a partition. begins, ends: timestamps, milliseconds."""

    first_offset: int
    last_offset: int
    begins: int
    ends: int
    records: int


class _Taken(NamedTuple):
    """A record out of one of the recordings. latest: of its timestamps so far, milliseconds."""

    offset: int
    latest: int
    source: int
    record: Record


def merge(sources: Sequence[Recording], folder: Path, progress: Progress = no_progress) -> int:
    """Make one recording of several. Returns how many records were left out, since they were there already. Raises
    RecordingError, also where a moment has two different records, Unwritable. Memory grows with the number of moments
    in runs that several recordings hold."""
    topics: dict[str, int] = {}
    for source in sources:
        for topic in source.topics:
            topics[topic] = max(topics.get(topic, 0), len(source.partitions(topic)))
    watch = ProgressReporter(progress, sum(each.records for source in sources for each in source.lengths.values()))
    note = "merged from " + ", ".join(f"{source.folder.name} ({source.digest})" for source in sources)
    repeats = 0
    infos = {
        topic: TopicInfo(partitions=partitions, id=_only(_ids(topic, sources))) for topic, partitions in topics.items()
    }
    with made(folder, sources, infos, note) as writer:
        for topic, partitions in topics.items():
            moments = Moments(topic, sources)
            for partition in range(partitions):
                part = _MergePart(sources, topic, partition)
                anew = not part.is_one_log(watch)
                if anew:
                    writer.note(f"{topic}/{partition} comes from several logs: its records were renumbered")
                offsets = itertools.count()
                for taken in part.by_time(watch) if anew else part.by_offset(watch):
                    if moments.is_repeat(taken.source, taken.record):
                        repeats += 1
                        continue
                    record = dataclasses.replace(taken.record, offset=next(offsets)) if anew else taken.record
                    writer.append(topic, partition, record)
                repeats += part.repeats
    return repeats


class _MergePart:
    """A partition, in all recordings that hold something of it. repeats: how many records by_offset() left out."""

    def __init__(self, sources: Sequence[Recording], topic: str, partition: int) -> None:
        self._topic, self._partition = topic, partition
        found = [(number, source, _range(source, topic, partition)) for number, source in enumerate(sources)]
        self._sources = [(number, source) for number, source, span in found if span]
        self._ranges = sorted(span for _number, _source, span in found if span)
        self._ids = _ids(topic, [source for _number, source in self._sources])
        self.repeats = 0

    def is_one_log(self, watch: ProgressReporter) -> bool:
        """Whether the records are, or may be, of one log. For want of an id they are all read for it, where their
        offsets overlap."""
        if len(self._sources) < 2 or _only(self._ids):
            return True
        if len(self._ids - {""}) > 1:
            return False
        pairs = list(itertools.pairwise(self._ranges))
        if all(one.last_offset < other.first_offset for one, other in pairs):
            return all(one.ends - SKEW_MS <= other.begins for one, other in pairs)
        watch.total += sum(span.records for span in self._ranges)
        latest = NO_TIMESTAMP
        for _offset, group in itertools.groupby(watch.over(self._merged(_by_offset)), key=_by_offset):
            taken = list(group)
            if any(each.record != taken[0].record for each in taken):
                return False
            if min(each.latest for each in taken) < latest - SKEW_MS:
                return False
            latest = max(latest, *(each.latest for each in taken))
        return True

    def by_offset(self, watch: ProgressReporter) -> Iterator[_Taken]:
        """One record for each offset."""
        last = NO_OFFSET
        for taken in watch.over(self._merged(_by_offset)):
            if taken.offset == last:
                self.repeats += 1
                continue
            last = taken.offset
            yield taken

    def by_time(self, watch: ProgressReporter) -> Iterator[_Taken]:
        return watch.over(self._merged(_by_time))

    def _merged(self, key: Callable[[_Taken], tuple[int, ...]]) -> Iterator[_Taken]:
        return heapq.merge(*(self._taken(*each) for each in self._sources), key=key)

    def _taken(self, number: int, source: Recording) -> Iterator[_Taken]:
        for latest, record in source.read_since(self._topic, self._partition, NO_TIMESTAMP):
            yield _Taken(record.offset, latest, number, record)


def _ids(topic: str, sources: Iterable[Recording]) -> set[str]:
    """What the cluster of each recording called the topic; empty: it is unknown."""
    return {source.manifest.topics[topic].id for source in sources if topic in source.topics}


def _only(ids: set[str]) -> str:
    """The id that is that of all; empty: there is none."""
    return next(iter(ids)) if len(ids) == 1 else ""


def _by_offset(taken: _Taken) -> tuple[int, ...]:
    return (taken.offset,)


def _by_time(taken: _Taken) -> tuple[int, ...]:
    return taken.latest, taken.source, taken.offset


def _range(source: Recording, topic: str, partition: int) -> _Range | None:
    """What a recording holds of a partition; None: nothing."""
    if topic not in source.topics or partition not in source.partitions(topic):
        return None
    parts: list[SegmentInfo | SegmentTally] = [*source.segments(topic, partition)]
    parts += [tallied(path, may_be_torn=True)[0] for path in source.open_segments(topic, partition)]
    parts = [part for part in parts if part.records]
    if not parts:
        return None
    return _Range(
        parts[0].first_offset,
        parts[-1].last_offset,
        min(part.first_timestamp for part in parts),
        max(part.last_timestamp for part in parts),
        sum(part.records for part in parts),
    )
