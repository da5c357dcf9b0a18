"""Avro object container files, block by block: framed here, decoded by fastavro.

fastavro reads 3,000 MB/s of pictures; but where a block lies, and what is wrong with one, it does not tell.
Source: the Avro specification, "Object Container Files".
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import fastavro
from fastavro.schema import to_parsing_canonical_form

from charles.avro.binary import END, read_long, write_long
from charles.base.limits import BLOCK_BYTES, BLOCK_ITEMS
from charles.recordings.format.compression import CODECS
from charles.recordings.format.errors import DamagedRecording
from charles.recordings.format.record_encoding import sized

SYNC_SIZE = 16

_MAGIC = b"Obj\x01"
_HEADER_READ_BYTES = 1 << 16
_BLOCK_LEAD_BYTES = 20
"""Bytes: the two numbers before a block's data are no longer."""
_SEARCH_BYTES = 1 << 20
_HEADER = fastavro.parse_schema(
    {
        "type": "record",
        "name": "org.apache.avro.file.Header",
        "fields": [
            {"name": "magic", "type": {"type": "fixed", "name": "magic", "size": len(_MAGIC)}},
            {"name": "meta", "type": {"type": "map", "values": "bytes"}},
            {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": SYNC_SIZE}},
        ],
    }
)


@dataclass(frozen=True)
class FileKind:
    """What a file holds. text: the schema of an item, as files say it; canonical: in its canonical form, by which files
    of other versions are known, whatever their docs say; item: the schema, parsed."""

    name: str
    text: bytes
    canonical: str
    item: Any

    @classmethod
    def of(cls, name: str, *, with_docs: bool) -> FileKind:
        schema = json.loads(files("schemas").joinpath(f"{name}.avsc").read_text(encoding="utf-8"))
        canonical = to_parsing_canonical_form(schema)
        text = json.dumps(schema) if with_docs else canonical
        return cls(name, text.encode(), canonical, fastavro.parse_schema(schema))


RECORDS = FileKind.of("Record", with_docs=True)
ENTRIES = FileKind.of("IndexEntry", with_docs=False)
"""Without docs: an index that is made again, by whatever version, has the same bytes."""


class Header(NamedTuple):
    """How a file begins. sync: what every block ends with; raw: its own bytes, behind which the first block lies."""

    codec: str
    sync: bytes
    raw: bytes


class Block(NamedTuple):
    """One block. position, end: where it lies, bytes; raw: its bytes; items: decoded, fastavro's dictionaries."""

    position: int
    end: int
    raw: tuple[bytes, bytes, bytes]
    items: list[dict[str, Any]]


def header(kind: FileKind, codec: str, sync: bytes) -> bytes:
    meta = {b"avro.schema": kind.text, b"avro.codec": codec.encode()}
    pairs = (sized(part) for pair in meta.items() for part in pair)
    return b"".join((_MAGIC, write_long(len(meta)), *pairs, END, sync))


def block(count: int, data: list[bytes], codec: str, sync: bytes) -> bytes:
    """A block of so many items, which these pieces are together."""
    if codec == "null":
        return b"".join((write_long(count), write_long(sum(map(len, data))), *data, sync))
    packed = CODECS[codec].pack(b"".join(data))
    return b"".join((write_long(count), write_long(len(packed)), packed, sync))


def read_header(path: Path, file: BinaryIO, kind: FileKind) -> Header:
    """The header, from the file's beginning. Raises DamagedRecording."""
    beginning = file.read(_HEADER_READ_BYTES)
    data = io.BytesIO(beginning)
    try:
        found = cast(dict[str, Any], fastavro.schemaless_reader(data, _HEADER, None))
        codec = found["meta"].get("avro.codec", b"null").decode()
        schema = json.loads(found["meta"]["avro.schema"])
        canonical = to_parsing_canonical_form(schema)
    except Exception:  # fastavro raises whatever its C code stumbled over
        found = {"magic": None}
    if found["magic"] != _MAGIC:
        raise DamagedRecording(path, 0, "it does not begin with an Avro file header")
    if canonical != kind.canonical:
        name = schema.get("name") if isinstance(schema, dict) else schema
        raise DamagedRecording(path, 0, f"it contains {name!r} instead of this version's {kind.name}")
    if codec not in CODECS:
        raise DamagedRecording(path, 0, f"its codec {codec!r} is unknown; supported: {', '.join(CODECS)}")
    return Header(codec, found["sync"], beginning[: data.tell()])


class AvroFileReader:
    """Reads a file's blocks. path: for what is told; size: how far the file is read, bytes."""

    def __init__(self, path: Path, file: BinaryIO, kind: FileKind) -> None:
        self.path = path
        self.kind = kind
        self._file = file
        self.size = file.seek(0, io.SEEK_END)
        file.seek(0)
        self.header = read_header(path, file, kind)

    def blocks(self, position: int | None = None) -> Iterator[Block]:
        """The blocks from this position on, where one begins; None: all. Raises DamagedRecording at the first that is
        not whole."""
        at = len(self.header.raw) if position is None else position
        self._file.seek(at)
        while at < self.size:
            found = self._block(at)
            yield found
            at = found.end

    def beginnings(self, size: int) -> Iterator[tuple[int, bytes]]:
        """Where each block begins, and the first so many bytes of its items. Raises as blocks() does."""
        at = len(self.header.raw)
        while at < self.size:
            self._file.seek(at)
            lead, count, length = self._lead(at)
            packed = self.header.codec != "null"
            body = self._file.read(length if packed else min(size, length))
            try:
                yield at, CODECS[self.header.codec].unpack(body)[:size]
            except Exception as error:  # whatever the codec stumbled over
                raise DamagedRecording(self.path, at, f"the block's {count} items cannot be unpacked") from error
            at += len(lead) + length + SYNC_SIZE

    def is_torn(self, position: int) -> bool:
        """Whether the file only ends too early behind this position: no other block ends there."""
        self._file.seek(position)
        overlap, left = b"", self.size - position
        while left > 0 and (piece := self._file.read(min(_SEARCH_BYTES, left))):
            if self.header.sync in overlap + piece:
                return False
            overlap, left = piece[-SYNC_SIZE:], left - len(piece)
        return True

    def _lead(self, position: int) -> tuple[bytes, int, int]:
        """How a block begins, which the file is at: the two numbers as they are, items, bytes of these. The file is
        then at the items."""
        lead = self._file.read(_BLOCK_LEAD_BYTES)
        try:
            count, at = read_long(lead, 0)
            length, at = read_long(lead, at)
        except (IndexError, ValueError):
            raise DamagedRecording(self.path, position, "no block begins here") from None
        end = position + at + length + SYNC_SIZE
        if count <= 0 or length <= 0:
            raise DamagedRecording(
                self.path, position, f"the block header here is invalid: {count} items in {length} bytes"
            )
        if count > BLOCK_ITEMS or length > BLOCK_BYTES:
            reason = (
                f"its {count} items in {length} bytes are more than the {BLOCK_ITEMS} in {BLOCK_BYTES} that are read"
            )
            raise DamagedRecording(self.path, position, reason)
        if end > self.size:
            raise DamagedRecording(
                self.path, position, f"the file ends {end - self.size} bytes before the end of the block"
            )
        self._file.seek(position + at)
        return lead[:at], count, length

    def _block(self, position: int) -> Block:
        lead, count, length = self._lead(position)
        end = position + len(lead) + length + SYNC_SIZE
        body, sync = self._file.read(length), self._file.read(SYNC_SIZE)
        if sync != self.header.sync:
            raise DamagedRecording(self.path, position, "the block does not end with the file's marker")
        return Block(position, end, (lead, body, sync), self._items(position, count, body))

    def _items(self, position: int, count: int, body: bytes) -> list[dict[str, Any]]:
        """One by one: where they are decoded as one array the block is copied, and other threads wait for it."""
        try:
            data = CODECS[self.header.codec].unpack(body)
            source = io.BytesIO(data)
            items = [fastavro.schemaless_reader(source, self.kind.item, None) for _ in range(count)]
        except Exception as error:  # fastavro raises whatever its C code stumbled over
            reason = f"the block's items cannot be decoded ({str(error) or type(error).__name__})"
            raise DamagedRecording(self.path, position, reason) from error
        if source.tell() != len(data):
            raise DamagedRecording(self.path, position, f"the block does not hold {count} items")
        return cast(list[dict[str, Any]], items)
