"""A recording as Parquet: a table for each topic, its events' fields as columns. For other tools; what is exact is the
recording."""

from __future__ import annotations

import dataclasses
from array import array
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from charles import topics
from charles.avro import codec
from charles.avro.codec import Unreadable, decode
from charles.base.progress import Progress, ProgressReporter, no_progress
from charles.events import Frame
from charles.recordings.edit.new_recording import new_folder
from charles.recordings.exchange.arrow_types import columns
from charles.recordings.exchange.video import Videos
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import NO_TIMESTAMP, Record

_EVENTS = {topic.name: topic.event for topic in topics.TOPICS}
_RAW_TOPICS = frozenset({topics.BALANCER_STATE.name, topics.SCHEMAS.name})
"""Topics of several kinds of values."""
_ROWS, _BYTES = 20_000, 32 << 20
"""A row group ends with the row that reaches one of them."""

_RECORD_COLUMNS = [
    pa.field("record_partition", pa.int32()),
    pa.field("record_offset", pa.int64()),
    pa.field("record_timestamp", pa.timestamp("ms", tz="UTC")),
    pa.field("record_key", pa.binary()),
]
_RECORD_NAMES = [each.name for each in _RECORD_COLUMNS]
_HEADER = pa.struct([pa.field("key", pa.string()), pa.field("value", pa.binary())])
_BARE_COLUMNS = [pa.field("record_headers", pa.list_(_HEADER)), pa.field("record_value", pa.binary())]
_VIDEO_COLUMNS = [pa.field("video", pa.string()), pa.field("video_frame", pa.int64())]


@dataclass(slots=True)
class ExportedTables:
    """rows: by topic; unreadable: records whose values cannot be read, which are left out, by topic."""

    rows: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, int] = field(default_factory=dict)


def export(source: Recording, folder: Path, progress: Progress = no_progress, *, video: bool = False) -> ExportedTables:
    """Write TOPIC.parquet for each topic into a new folder. A tombstone is a row without an event.

    video: instead of the pictures of frames, an MP4 for each collector, and which frame of it a row's is. Topics of
    several kinds of values, and those that are not ours, have their records as they are. Raises RecordingError,
    Unwritable.
    """
    found = ExportedTables()
    watch = ProgressReporter(progress, sum(each.records for each in source.lengths.values()))
    with new_folder(folder):
        for topic in source.topics:
            event = None if topic in _RAW_TOPICS else _EVENTS.get(topic)
            with_video = video and event is Frame
            found.rows[topic] = found.unreadable[topic] = 0
            with (
                Videos(folder) if with_video else nullcontext() as videos,
                _Table(folder / f"{topic}.parquet", _fields(event, with_video)) as table,
            ):
                for _topic, partition, record in watch.over(source.merged([topic])):
                    try:
                        row = _row(source, partition, record, event, videos)
                    except Unreadable:
                        found.unreadable[topic] += 1
                    else:
                        table.add(row, len(record.value or b""))
                        found.rows[topic] += 1
    return found


def _fields(event: type | None, with_video: bool) -> pa.Schema:
    if event is None:
        return pa.schema(_RECORD_COLUMNS + _BARE_COLUMNS)
    shown = [each for each in columns(codec.schema(event)) if not (with_video and each.name == "picture")]
    return pa.schema(_RECORD_COLUMNS + shown + (_VIDEO_COLUMNS if with_video else []))


def _row(
    source: Recording, partition: int, record: Record, event: type | None, videos: Videos | None
) -> dict[str, Any]:
    """Raises Unreadable."""
    timestamp = record.timestamp if record.timestamp != NO_TIMESTAMP else None
    row: dict[str, Any] = dict(zip(_RECORD_NAMES, (partition, record.offset, timestamp, record.key), strict=True))
    if event is None:
        headers = [{"key": key, "value": value} for key, value in record.headers]
        return row | {"record_headers": headers, "record_value": record.value}
    if record.value is None:
        return row
    found: Any = decode(event, record.value, source.manifest.find_schema)
    row |= {each.name: _plain(getattr(found, each.name)) for each in dataclasses.fields(event)}
    if videos is not None and (place := videos.add(found)) is not None:
        row["video"], row["video_frame"] = place
    return row


def _plain(value: Any) -> Any:
    """As Arrow takes it."""
    if isinstance(value, array):
        return np.asarray(value)
    if isinstance(value, list) and value and dataclasses.is_dataclass(value[0]):
        return [dataclasses.asdict(each) for each in value]
    return value


class _Table:
    """Writes rows of a table, with a part of them in memory."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        names = [each.name for each in schema if each.type == pa.string()]
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, use_dictionary=names)
        self._rows: dict[str, list[Any]] = {name: [] for name in schema.names}
        self._count = self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._writer.close()

    def add(self, row: dict[str, Any], size: int) -> None:
        """size: bytes that it has, about."""
        for name, values in self._rows.items():
            values.append(row.get(name))
        self._count += 1
        self._bytes += size
        if self._count >= _ROWS or self._bytes >= _BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._count:
            arrays = [pa.array(self._rows[each.name], each.type) for each in self._schema]
            self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        for values in self._rows.values():
            values.clear()
        self._count = self._bytes = 0
