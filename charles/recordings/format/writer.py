"""A recording, written: by whoever records, cuts, merges or imports."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from charles.avro.codec import AvroSchema
from charles.base.atomic_file import Unwritable
from charles.events import now
from charles.recordings.format import layout
from charles.recordings.format.compression import CODECS
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.lock import RecordingLock
from charles.recordings.format.manifest import ConfigInfo, Manifest, SegmentInfo, State, TopicInfo, schema_key
from charles.recordings.format.reader import unlisted
from charles.recordings.format.record import NO_OFFSET, NO_TIMESTAMP, Record
from charles.recordings.format.segment_writer import SegmentWriter

SEGMENT_BYTES = 256 << 20
SEGMENT_MS = 60 * 60 * 1000

Place = tuple[str, int]


class RecordingWriter:
    """Writes a recording, alone. What was flushed survives the death of the program; resume() goes on from there.

    segment_bytes, segment_ms: a segment ends when it has so many bytes, or spans so much time by its timestamps.
    repaired: what resume() cut off, in words.
    Unwritable, from any method, leaves a whole recording and everything that was appended: the same call can be made
    again once there is room.
    """

    def __init__(
        self, folder: Path, manifest: Manifest, lock: RecordingLock, codec: str, segment_bytes: int, segment_ms: int
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self._lock = lock
        self._codec = codec
        self._segment_bytes = segment_bytes
        self._segment_ms = segment_ms
        self.repaired: list[str] = []
        self._open: dict[Place, SegmentWriter] = {}
        self._ends: dict[Place, int] = {}
        self._runs = {(name.encode(), run.encode()) for name, runs in manifest.runs.items() for run in runs}

    @classmethod
    def create(
        cls,
        folder: Path,
        prefix: str,
        topics: dict[str, TopicInfo],
        *,
        codec: str = "null",
        segment_bytes: int = SEGMENT_BYTES,
        segment_ms: int = SEGMENT_MS,
    ) -> RecordingWriter:
        """Begin a recording in a new or empty folder. Raises RecordingError where it is not, Unwritable."""
        _require(codec)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unwritable(f"{folder} cannot be created: {error.strerror}") from error
        lock = RecordingLock(folder / layout.LOCK)
        try:
            if any(path.name not in layout.BEGUN_FILES for path in folder.iterdir()):
                raise RecordingError(f"{folder} is not empty: choose a new folder for the recording")
            manifest = Manifest(prefix=prefix, topics=topics)
            manifest.save(folder)
            return cls(folder, manifest, lock, codec, segment_bytes, segment_ms)
        except BaseException:
            lock.close()
            raise

    @classmethod
    def resume(
        cls, folder: Path, *, codec: str = "null", segment_bytes: int = SEGMENT_BYTES, segment_ms: int = SEGMENT_MS
    ) -> RecordingWriter:
        """Go on with a recording, complete or killed. What of its ends is not whole is cut off, which is noted in the
        manifest. Raises RecordingError where it is none or damaged, Unwritable."""
        _require(codec)
        Manifest.load(folder)  # no lock is put where no recording is
        lock = RecordingLock(folder / layout.LOCK)
        try:
            writer = cls(folder, Manifest.load(folder), lock, codec, segment_bytes, segment_ms)
        except BaseException:
            lock.close()
            raise
        try:
            writer._go_on()
        except BaseException:
            writer._let_go()
            raise
        return writer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def append(self, topic: str, partition: int, record: Record) -> None:
        """Take a record; or raise, and leave it to whoever has it: Unwritable, ValueError where its offset does not
        grow, RecordingError where its topic was not added."""
        place = topic, partition
        if place in self._open and self._is_full(self._open[place], record):
            self._seal([place])
        if place in self._open:
            self._open[place].append(record)
        else:
            self._open[place] = self._begin(place, record)
        self._see(record)

    def flush(self) -> None:
        """Put everything that was appended into the files."""
        for segment in self._open.values():
            segment.flush()

    def sync(self) -> None:
        """Flush, and have it on the disk, where the machine's death cannot undo it."""
        for segment in self._open.values():
            segment.sync()

    @property
    def waiting(self) -> int:
        """Bytes that were appended and are not in the files yet, as they are before they are packed."""
        return sum(segment.size - segment.position for segment in self._open.values())

    def next_offset(self, topic: str, partition: int) -> int | None:
        """Where to go on: behind what was appended, else where the recording shall begin; None: nobody said."""
        last = self._last_offset((topic, partition))
        if last != NO_OFFSET:
            return last + 1
        info = self.manifest.topics.get(topic)
        return info.start_offsets.get(partition) if info else None

    def add_topic(
        self, topic: str, partitions: int, start_offsets: dict[int, int] | None = None, topic_id: str = ""
    ) -> None:
        """Record this topic too, or more partitions of it; what is known of it stays. Raises Unwritable."""
        layout.segment_file(topic, 0, 0)
        known = self.manifest.topics.get(topic) or TopicInfo(partitions=partitions, id=topic_id)
        starts = (start_offsets or {}) | known.start_offsets
        count = max(partitions, known.partitions)
        added = known.model_copy(update={"partitions": count, "start_offsets": starts})
        self._change(topics=self.manifest.topics | {topic: added})

    def add_schema(self, name: bytes, schema: AvroSchema) -> None:
        """Keep the schema that the framing of values names so (8 bytes fingerprint, or 4 bytes registry id)."""
        plain = {key: value for key, value in schema.items() if not key.startswith("__")}
        if self.manifest.schemas.get(schema_key(name)) != plain:
            self._change(schemas=self.manifest.schemas | {schema_key(name): plain})

    def add_config(self, epoch: int, document: dict[str, Any]) -> None:
        """Keep the configuration of this epoch."""
        added = ConfigInfo(epoch=epoch, document=document)
        if added not in self.manifest.configs:
            others = [each for each in self.manifest.configs if each.epoch != epoch]
            self._change(configs=sorted([*others, added], key=lambda each: each.epoch))

    def note(self, words: str) -> None:
        """Say in the manifest what happened; with the time."""
        self._change(notes=[*self.manifest.notes, noted(words)])

    def finish(self) -> None:
        """Seal everything, and call the recording complete."""
        self._seal(list(self._open), state="complete")
        self._lock.close()

    def close(self) -> None:
        """Flush, and leave it to a resume() to go on. After finish() there is nothing left to do."""
        try:
            if self._open:
                self.flush()
                self._change()  # the runs
        finally:
            self._let_go()

    def _let_go(self) -> None:
        for segment in self._open.values():
            segment.close()
        self._open.clear()
        self._lock.close()

    def _is_full(self, segment: SegmentWriter, record: Record) -> bool:
        spans = record.timestamp - segment.began if segment.began != NO_TIMESTAMP else 0
        return segment.size >= self._segment_bytes or spans >= self._segment_ms

    def _begin(self, place: Place, record: Record) -> SegmentWriter:
        """A new segment, with its first record."""
        self._require_lock()
        topic, partition = place
        info = self.manifest.topics.get(topic)
        if info is None or not 0 <= partition < info.partitions:
            raise RecordingError(f"{self.folder} does not record partition {partition} of {topic}")
        if record.offset <= self._last_offset(place):
            raise ValueError(f"offset {record.offset} cannot come after {self._last_offset(place)} of {topic}")
        path = self.folder / layout.segment_file(topic, partition, record.offset)
        segment = SegmentWriter.create(path, self._codec)
        try:
            segment.append(record)
        except BaseException:
            segment.discard()
            raise
        return segment

    def _last_offset(self, place: Place) -> int:
        if place in self._open:
            return self._open[place].last_offset
        return self._ends.get(place, NO_OFFSET)

    def _seal(self, places: list[Place], state: State = "recording") -> None:
        """Seal these segments; the manifest names them before their files are let go."""
        sealed = [self._sealed(place) for place in places]
        self._change(segments=[*self.manifest.segments, *sealed], state=state)
        for place in places:
            segment = self._open.pop(place)
            self._ends[place] = segment.last_offset
            segment.close()

    def _sealed(self, place: Place) -> SegmentInfo:
        topic, partition = place
        segment = self._open[place]
        facts = segment.seal()
        file = segment.path.relative_to(self.folder).as_posix()
        follows = self._ends.get(place, NO_OFFSET)
        return SegmentInfo(topic=topic, partition=partition, file=file, follows=follows, **dataclasses.asdict(facts))

    def _change(self, **changes: Any) -> None:
        """The manifest, in memory and on the disk alike, or neither."""
        self._require_lock()
        runs: dict[str, list[str]] = {}
        for collector, run in sorted(self._runs):
            runs.setdefault(collector.decode(errors="replace"), []).append(run.decode(errors="replace"))
        changed = self.manifest.model_copy(update=changes | {"runs": runs})
        changed.save(self.folder)
        self.manifest = changed

    def _require_lock(self) -> None:
        if not self._lock.held:
            raise RecordingError(f"{self.folder} is closed: only resume() can continue it")

    def _see(self, record: Record) -> None:
        if record.headers:
            collector, run = record.header("collector"), record.header("run")
            if collector is not None and run is not None:
                self._runs.add((collector, run))

    def _go_on(self) -> None:
        """Take up the segments that were not sealed; usually one in a partition, and the others are sealed."""
        for each in self.manifest.segments:
            place = each.topic, each.partition
            self._ends[place] = max(each.last_offset, self._ends.get(place, NO_OFFSET))
        for topic, info in self.manifest.topics.items():
            for partition in range(info.partitions):
                place = topic, partition
                for path in unlisted(self.folder, self.manifest, topic, partition):
                    if place in self._open:
                        self._seal([place])
                    self._take_up(place, path)
        self._change(state="recording", notes=[*self.manifest.notes, *map(noted, self.repaired)])

    def _take_up(self, place: Place, path: Path) -> None:
        segment, cut = SegmentWriter.resume(path, self._see)
        if segment.records:
            self._open[place] = segment
        else:
            segment.discard()
        if cut:
            self.repaired.append(f"{path.relative_to(self.folder).as_posix()}: {cut}")


def noted(words: str) -> str:
    return f"{now().isoformat(timespec='seconds')} {words}"


def _require(codec: str) -> None:
    if codec not in CODECS:
        raise RecordingError(f"no such codec: {codec}; choose from: {', '.join(CODECS)}")
