"""A segment: the records of a topic-partition from one offset on, in one file. Here it is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from charles.recordings.format import avro_file
from charles.recordings.format.avro_file import RECORDS, SYNC_SIZE, AvroFileReader, Block
from charles.recordings.format.errors import DamagedRecording
from charles.recordings.format.record import NO_OFFSET, Record
from charles.recordings.format.segment_stats import SegmentTally


def read_segment(
    path: Path, start_offset: int = 0, position: int | None = None, *, may_be_torn: bool = False
) -> Iterator[Record]:
    """The records from this offset on. position: of a block to begin at; may_be_torn: it was not sealed, so it may end
    within a block, which is then passed over. Raises DamagedRecording, also where offsets do not grow."""
    for _reader, _block, records in _blocks(path, position, may_be_torn):
        for record in records:
            if record.offset >= start_offset:
                yield record


def tallied(path: Path, *, may_be_torn: bool = False) -> tuple[SegmentTally, bytes]:
    """What a segment holds, and the marker of its blocks. Raises as read_segment() does."""
    tally, sync = SegmentTally(), b""
    for reader, block, records in _blocks(path, None, may_be_torn):
        sync = reader.header.sync
        tally.add(block.position, records)
    return tally, sync


def scanned(reader: AvroFileReader, position: int | None = None) -> Iterator[tuple[Block, list[Record]]]:
    """Every block with its records. Raises DamagedRecording."""
    last = NO_OFFSET
    for block in reader.blocks(position):
        records = [_record(item) for item in block.items]
        for record in records:
            if record.offset <= last:
                raise DamagedRecording(reader.path, block.position, f"offset {record.offset} comes after {last}")
            last = record.offset
        yield block, records


def _blocks(
    path: Path, position: int | None, may_be_torn: bool
) -> Iterator[tuple[AvroFileReader, Block, list[Record]]]:
    if path.exists() and not path.is_file():
        raise DamagedRecording(path, 0, "it is not a file")
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise DamagedRecording(path, 0, "the file is missing") from None
    with file:
        reader = begun(path, file) if may_be_torn else AvroFileReader(path, file, RECORDS)
        if reader is None:
            return
        try:
            for block, records in scanned(reader, position):
                yield reader, block, records
        except DamagedRecording as damage:
            if not (may_be_torn and reader.is_torn(damage.position)):
                raise


def begun(path: Path, file: BinaryIO) -> AvroFileReader | None:
    """A reader of a segment that was not sealed; None where its file ends within the header. Raises
    DamagedRecording."""
    try:
        return AvroFileReader(path, file, RECORDS)
    except DamagedRecording:
        if file.seek(0, os.SEEK_END) < len(avro_file.header(RECORDS, "null", b"")) + SYNC_SIZE:
            return None
        raise


def _record(item: dict[str, Any]) -> Record:
    headers = item["headers"]
    return Record(
        item["offset"],
        item["timestamp"],
        item["timestamp_type"],
        item["key"],
        item["value"],
        tuple([(header["key"], header["value"]) for header in headers]) if headers else (),
    )
