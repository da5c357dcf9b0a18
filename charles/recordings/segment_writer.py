"""A segment, written, and gone on with after its writer died."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charles.files import Unwritable
from charles.recordings import container, index
from charles.recordings.container import RECORDS, SYNC_SIZE, Block, Header, Reader
from charles.recordings.encoding import record_pieces
from charles.recordings.errors import Damaged
from charles.recordings.record import NO_OFFSET, NO_TIMESTAMP, Record
from charles.recordings.segment import is_only_begun, scanned
from charles.recordings.tally import Facts, Tally

BLOCK_BYTES = 1 << 20
BLOCK_RECORDS = 1000
"""A block ends with the record that reaches one of them: a reader can begin at any block, and a tear costs little."""


@dataclass(frozen=True, slots=True)
class Cut:
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

    path: of a new file, whose folder is made. sync: for a file that shall always have the same bytes; None: random.
    position: how many bytes the file has; tally: what they hold; began: the timestamp of the first record that has one.
    Raises Unwritable.
    """

    def __init__(self, path: Path, codec: str = "null", sync: bytes | None = None) -> None:
        sync = sync or os.urandom(SYNC_SIZE)
        beginning = container.header(RECORDS, codec, sync)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("xb", buffering=0)
        except OSError as error:
            raise _unwritable(path, error) from error
        self._set(path, file, Header(codec, sync, beginning))
        try:
            self._write(beginning)
        except Unwritable:
            file.close()
            path.unlink()
            raise

    def _set(self, path: Path, file: Any, header: Header) -> None:
        self.path = path
        self.codec = header.codec
        self.tally = Tally()
        self.position = 0
        self._file = file
        self._sync = header.sync
        self._hash = hashlib.sha256()
        self._pending: list[Record] = []
        self._pieces: list[bytes] = []
        self._pending_bytes = 0
        self._last = NO_OFFSET
        self.began = NO_TIMESTAMP

    @classmethod
    def resume(cls, path: Path, see: Callable[[Record], None] | None = None) -> tuple[SegmentWriter, Cut | None]:
        """Go on with a file that was not sealed, after what is whole of it; says what was cut off, if anything.

        see: is shown every record that is there. Raises Damaged where it never was a segment, Unwritable.
        """
        try:
            file = path.open("r+b", buffering=0)
            try:
                return cls._resumed(path, file, see or (lambda _record: None))
            except BaseException:
                file.close()
                raise
        except OSError as error:
            raise _unwritable(path, error) from error

    @classmethod
    def _resumed(cls, path: Path, file: Any, see: Callable[[Record], None]) -> tuple[SegmentWriter, Cut | None]:
        if is_only_begun(file):
            size = file.seek(0, os.SEEK_END)
            file.close()
            path.unlink()
            return cls(path), Cut(0, size, "the file ends within its header", None) if size else None
        reader = Reader(path, file, RECORDS)
        writer = cls.__new__(cls)
        writer._set(path, file, reader.header)
        writer._account(reader.header.raw)
        cut = None
        try:
            for block, records in scanned(reader):
                writer._count(block, records)
                for record in records:
                    see(record)
        except Damaged as damage:
            cut = writer._cut_off(reader, damage)
        writer._last, writer.began = writer.tally.last_offset, writer.tally.first_timestamp
        return writer, cut

    def _cut_off(self, reader: Reader, damage: Damaged) -> Cut:
        kept = None
        if not reader.is_torn(self.position):
            kept = self.path.with_name(f"{self.path.name}.cut-{self.position}")
            self._file.seek(self.position)
            kept.write_bytes(self._file.read())
        self._file.truncate(self.position)
        return Cut(self.position, reader.size - self.position, damage.reason, kept)

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
        return self._hash.hexdigest()

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
        block = container.block(len(self._pending), self._pieces, self.codec, self._sync)
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

    def seal(self) -> Facts:
        """Flush, and write the index; ValueError where there is no record. Can be repeated where it failed."""
        if not self.records:
            raise ValueError(f"{self.path} holds nothing that could be sealed")
        self.sync()
        index.write(self.path, self.tally.entries, self._sync)
        return self.tally.facts(self.position, self.sha256, self.codec)

    def close(self) -> None:
        """Without what was not flushed."""
        self._file.close()

    def _count(self, block: Block, records: list[Record]) -> None:
        self._account(*block.raw)
        self.tally.add(block.position, records)

    def _account(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._hash.update(piece)
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
