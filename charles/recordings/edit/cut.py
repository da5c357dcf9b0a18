"""Cuts a recording by time, collector and topic. Records and offsets are not changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from charles.base.progress import Progress, ProgressReporter, no_progress
from charles.recordings.edit.new_recording import made
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import NO_TIMESTAMP, Record
from charles.recordings.format.writer import RecordingWriter

Keep = Callable[[Record], bool]


@dataclass(frozen=True, slots=True)
class CutPart:
    """What to keep. since_ms, until_ms: start and exclusive end, by the time that Recording.merged() orders by;
    collectors: records whose headers name one of them, None: all, including records without a collector; topics: None:
    all."""

    since_ms: int | None = None
    until_ms: int | None = None
    collectors: frozenset[str] | None = None
    topics: Collection[str] | None = None


WHOLE_RECORDING = CutPart()


def cut(source: Recording, folder: Path, part: CutPart, progress: Progress = no_progress) -> None:
    """Make a recording from a part of another. Raises RecordingError, also if nothing would be left, and Unwritable."""
    wanted = None if part.collectors is None else {name.encode() for name in part.collectors}
    topics = source.topics if part.topics is None else list(dict.fromkeys(part.topics))
    infos = {topic: source.manifest.topics[topic] for topic in topics if source.partitions(topic)}

    def keep(record: Record) -> bool:
        return wanted is None or record.header("collector") in wanted

    with made(folder, [source], infos, f"a part of {source.folder.name} ({source.digest})") as writer:
        if not copy(source, writer, keep, progress, part):
            raise RecordingError(f"{source.folder} has no such records; `charles recordings info` shows its contents")


def copy(
    source: Recording, writer: RecordingWriter, keep: Keep, progress: Progress, part: CutPart = WHOLE_RECORDING
) -> int:
    """Copy the records of the writer's topics that lie in the part's time and shall be kept. Returns how many."""
    topics = list(writer.manifest.topics)
    watch = ProgressReporter(progress, sum(source.lengths[topic].records for topic in topics))
    kept = 0
    for topic in topics:
        for partition in source.partitions(topic):
            for record in watch.over(_within(source, topic, partition, part)):
                if keep(record):
                    writer.append(topic, partition, record)
                    kept += 1
    return kept


def _within(source: Recording, topic: str, partition: int, part: CutPart) -> Iterator[Record]:
    since = NO_TIMESTAMP if part.since_ms is None else part.since_ms
    for latest, record in source.read_since(topic, partition, since):
        if part.until_ms is not None and latest >= part.until_ms:
            return
        yield record
