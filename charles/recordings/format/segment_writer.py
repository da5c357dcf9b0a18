"""A segment, written, and gone on with after its writer died."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from charles.base.atomic_file import Unwritable
from charles.recordings.format import avro_file, segment_index
from charles.recordings.format.avro_file import RECORDS, SYNC_SIZE, AvroFileReader, Header
from charles.recordings.format.background_sha256 import BackgroundSha256
from charles.recordings.format.errors import DamagedRecording
from charles.recordings.format.record import NO_OFFSET, NO_TIMESTAMP, Record
from charles.recordings.format.record_encoding import record_pieces
from charles.recordings.format.segment_reader import begun, scanned
from charles.recordings.format.segment_stats import SegmentStats, SegmentTally

BLOCK_BYTES = 1 << 20
BLOCK_RECORDS = 1000
"""A block ends with the record that reaches one of them: a reader can begin at any block, and a tear costs little."""


@dataclass(frozen=True, slots=True)
class CutSegment:
    """What a repair took off a file's end. kept: where these bytes lie now, if there may be whole blocks in them."""

    position: int
    bytes: int
    reason: str
    kept: Path | None

    def __str__(self) -> str:
        where = f"; they are kept as {self.kept.name}" if self.kept else ""
        return f"{self.bytes} bytes cut off at byte {self.position}: {self.reason}{where}"


class SegmentWriter:
    """Writes one segment. What was flushed is whole blocks; an error leaves the file as it was, and the records that
    are not in it yet in memory, for the next flush.

    position: how many bytes the file has; tally: what they hold; began: the timestamp of the first record that has one.
    """

    def __init__(self, path: Path, file: BinaryIO, header: Header) -> None:
        """file: unbuffered. Use create() or resume()."""
        self.path = path
        self.codec = header.codec
        self.tally = SegmentTally()
        self.position = 0
        self.began = NO_TIMESTAMP
        self._file = file
        self._sync = header.sync
        self._digest = BackgroundSha256()
        self._pending: list[Record] = []
        self._pieces: list[bytes] = []
        self._pending_bytes = 0
        self._last = NO_OFFSET

    @classmethod
    def create(cls, path: Path, codec: str = "null") -> SegmentWriter:
        """Begin a new file; its folder is made. Raises Unwritable."""
        sync = os.urandom(SYNC_SIZE)
        beginning = avro_file.header(RECORDS, codec, sync)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("xb", buffering=0)
        except OSError as error:
            raise _unwritable(path, error) from error
        writer = cls(path, file, Header(codec, sync, beginning))
        try:
            writer._write(beginning)
        except Unwritable:
            writer.discard()
            raise
        return writer

    @classmethod
    def resume(cls, path: Path, see: Callable[[Record], None] | None = None) -> tuple[SegmentWriter, CutSegment | None]:
        """Go on with a file that was not sealed, after what is whole of it; says what was cut off, if anything.

        see: is shown every record that is there. Raises DamagedRecording where it never was a segment, Unwritable.
        """
        try:
            with path.open("rb") as there:
                if (reader := begun(path, there)) is not None:
                    return cls._after(path, reader, see or (lambda _record: None))
            cut = CutSegment(0, path.stat().st_size, "the file ends within its header", None)
            path.unlink()
            return cls.create(path), cut
        except OSError as error:
            raise _unwritable(path, error) from error

    @classmethod
    def _after(
        cls, path: Path, there: AvroFileReader, see: Callable[[Record], None]
    ) -> tuple[SegmentWriter, CutSegment | None]:
        writer = cls(path, path.open("r+b", buffering=0), there.header)
        try:
            writer._account(there.header.raw)
            cut = writer._take_up(there, see)
        except BaseException:
            writer.close()
            raise
        writer._last, writer.began = writer.tally.last_offset, writer.tally.first_timestamp
        return writer, cut

    def _take_up(self, there: AvroFileReader, see: Callable[[Record], None]) -> CutSegment | None:
        try:
            for block, records in scanned(there):
                self._account(*block.raw)
                self.tally.add(block.position, records)
                for record in records:
                    see(record)
        except DamagedRecording as damage:
            kept = None if there.is_torn(self.position) else self._keep()
            self._file.truncate(self.position)
            return CutSegment(self.position, there.size - self.position, damage.reason, kept)
        return None

    def _keep(self) -> Path:
        """Put what is going to be cut off beside the file: nothing is thrown away that might be more than a tear."""
        kept = self.path.with_name(f"{self.path.name}.cut-{self.position}")
        with kept.open("wb") as copy:
            self._file.seek(self.position)
            shutil.copyfileobj(self._file, copy)
        return kept

    @property
    def size(self) -> int:
        """Bytes: those in the file, and those that wait, as they are before they are packed."""
        return self.position + self._pending_bytes

    @property
    def records(self) -> int:
        return self.tally.records + len(self._pending)

    @property
    def last_offset(self) -> int:
        """Of the last record that was appended; -1: there is none."""
        return self._last

    @property
    def sha256(self) -> str:
        """Of what is in the file."""
        return self._digest.hexdigest()

    def append(self, record: Record) -> None:
        """Take a record, or raise: Unwritable, ValueError where its offset does not grow; then it was not taken."""
        if record.offset <= self._last:
            raise ValueError(f"offset {record.offset} cannot come after {self._last} in {self.path}")
        if self._pending_bytes >= BLOCK_BYTES or len(self._pending) >= BLOCK_RECORDS:
            self.flush()
        pieces = record_pieces(record)
        self._pieces += pieces
        self._pending_bytes += sum(map(len, pieces))
        self._pending.append(record)
        self._last = record.offset
        if self.began == NO_TIMESTAMP:
            self.began = record.timestamp

    def flush(self) -> None:
        """Write what was appended: any reader sees it then, and the death of this program does not undo it."""
        if not self._pending:
            return
        block = avro_file.block(len(self._pending), self._pieces, self.codec, self._sync)
        at = self.position
        self._write(block)
        self.tally.add(at, self._pending)
        self._pending, self._pieces, self._pending_bytes = [], [], 0

    def sync(self) -> None:
        """Flush, and have it on the disk: then neither does the death of the machine."""
        self.flush()
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def seal(self) -> SegmentStats:
        """Flush, and write the index; ValueError where there is no record. Can be repeated where it failed."""
        if not self.records:
            raise ValueError(f"{self.path} has no records to seal")
        self.sync()
        segment_index.write(self.path, self.tally.entries, self._sync)
        return self.tally.facts(self.position, self.sha256, self.codec)

    def close(self) -> None:
        """Without what was not flushed."""
        self._file.close()

    def discard(self) -> None:
        """Close, and delete the file."""
        self.close()
        self.path.unlink()

    def _account(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._digest.update(piece)
            self.position += len(piece)

    def _write(self, data: bytes) -> None:
        try:
            self._file.seek(self.position)
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            self._undo()
            raise _unwritable(self.path, error) from error
        self._account(data)

    def _undo(self) -> None:
        """Take a part of a block off again. Where even that is refused it is overwritten, or cut off by a resume."""
        with suppress(OSError):
            self._file.truncate(self.position)


def _unwritable(path: Path, error: OSError) -> Unwritable:
    return Unwritable(f"{path} cannot be written: {error.strerror or error}")
