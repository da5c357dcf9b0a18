"""Arrays of floats in one piece. A sample's history is 360 of them, and fastavro handles an array item by item.

On the wire an array of n floats, where n > 0 and it is one block, is n as a long, then 4 n bytes, then 0 as a long: as
many bytes for all arrays of this length, which begin and end with the same ones. So an event whose arrays have one
length is handled as one with a `fixed` in the place of each: the same bytes, in less than half of the time.
Source: the Avro specification, "Binary encoding".
"""

from __future__ import annotations

import io
import struct
import sys
from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

import fastavro

_FLOATS = {"type": "array", "items": "float"}
_END = b"\0"


class _Shape(NamedTuple):
    """Arrays of one length. schema: the event's, with a `fixed` for each array; head: what each begins with."""

    schema: Any
    head: bytes
    floats: struct.Struct


class FloatBlocks:
    """The arrays of floats of one event."""

    def __init__(self, schema: dict[str, Any]) -> None:
        """schema: the event's, parsed."""
        self.fields = tuple(field["name"] for field in schema["fields"] if field["type"] == _FLOATS)
        self._schema = schema
        self._shape_of = lru_cache(8)(self._shape)
        self._length = 0  # of the arrays that were read last: the next ones most often have the same

    def write(self, out: io.BytesIO, record: dict[str, Any]) -> bool:
        """Write a record; false, and nothing is written, where its arrays have no length in common, or none at all."""
        length = self._common_length(record)
        if not length:
            return False
        shape = self._shape_of(length)
        try:
            blocks = {name: shape.head + _packed(record[name], shape.floats) + _END for name in self.fields}
        except (struct.error, OverflowError):
            return False  # no float of 32 bits: fastavro has its own way with it
        fastavro.schemaless_writer(out, shape.schema, record | blocks)
        return True

    def read(self, body: io.BytesIO) -> dict[str, Any] | None:
        """A record whose arrays are as long as those that learn() was told of; None for any other one."""
        length = self._length  # which another thread may change
        if not length:
            return None
        shape = self._shape_of(length)
        try:
            record = cast(dict[str, Any], fastavro.schemaless_reader(body, shape.schema, None))
        except Exception:  # whatever fastavro stumbles over: read item by item it is told better
            return None
        for name in self.fields:
            block: bytes = record[name]
            if not (block.startswith(shape.head) and block.endswith(_END)):
                return None
            record[name] = list(shape.floats.unpack_from(block, len(shape.head)))
        return record

    def learn(self, record: dict[str, Any]) -> None:
        """Expect arrays as long as those of this record."""
        self._length = self._common_length(record)

    def _common_length(self, record: dict[str, Any]) -> int:
        """0 where there is none."""
        lengths = {len(record[name]) for name in self.fields}
        return lengths.pop() if len(lengths) == 1 else 0

    def _shape(self, length: int) -> _Shape:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, {"type": "long"}, length)
        floats = struct.Struct(f"<{length}f")
        size = len(out.getvalue()) + floats.size + len(_END)
        fields = [
            field | {"type": {"type": "fixed", "name": f"{field['name']}_block", "size": size}}
            if field["name"] in self.fields
            else field
            for field in self._schema["fields"]
        ]
        plain = {key: value for key, value in self._schema.items() if not key.startswith("__")}
        return _Shape(fastavro.parse_schema(plain | {"fields": fields}), out.getvalue(), floats)


def _packed(values: Sequence[float], floats: struct.Struct) -> bytes:
    """Floats as Avro has them: 32 bits, little-endian. An array holds them so already, on all but a few machines."""
    if isinstance(values, array) and values.typecode == "f" and sys.byteorder == "little":
        return values.tobytes()
    return floats.pack(*values)
