"""Schemas that others have written: read so that none of them can hang a reader, fill its memory, or end its process.

What is wrong with one makes it unknown, so a record of it is a dead letter. fastavro itself takes a schema that holds
itself, and then reads until the stack ends; and it reads an array of a million million things of no bytes to its end.
"""

from __future__ import annotations

import json
from typing import Any, cast

import fastavro

from charles.avro.codec import AvroSchema, crc64
from charles.base.limits import SCHEMA_BYTES, SCHEMA_FIELDS, SCHEMA_NESTING

_PRIMITIVES = {"null": 0, "boolean": 1, "int": 1, "long": 1, "float": 4, "double": 8, "bytes": 1, "string": 1}
"""How many bytes a value of each type takes at least."""


class NoSchema(ValueError):
    """The text is no Avro schema, or none that can be read by; the message says why."""


def parse(text: str | bytes | None) -> AvroSchema:
    """A schema as fastavro wants it. Raises NoSchema, and nothing else."""
    if not text:
        raise NoSchema("it is empty")
    if len(text) > SCHEMA_BYTES:
        raise NoSchema(f"it has {len(text):,} bytes; at most {SCHEMA_BYTES:,} are read")
    try:
        found = json.loads(text)
        _Measured().measure(found, 0)
        parsed = cast(AvroSchema, fastavro.parse_schema(found))
        crc64(parsed)  # a name that is no text has no fingerprint
        return parsed
    except NoSchema:
        raise
    except Exception as error:  # json and fastavro raise whatever they stumbled over: Key, Recursion, Unicode, Type ...
        raise NoSchema(f"{str(error) or type(error).__name__}"[:200]) from error


class _Measured:
    """Looks through a schema, before fastavro does."""

    def __init__(self) -> None:
        self._named: dict[str, tuple[int, int] | None] = {}
        """By full name: the least bytes of a value, and how many fields it has in all; None while it is looked at."""

    def measure(self, schema: Any, depth: int, space: str = "") -> tuple[int, int]:
        """The least bytes of a value, and how many fields it has in all, those of its fields included."""
        if depth > SCHEMA_NESTING:
            raise NoSchema(f"it is nested more than {SCHEMA_NESTING} deep")
        if isinstance(schema, str):
            return self._by_name(schema, space)
        if isinstance(schema, list):
            branches = [self.measure(branch, depth + 1, space) for branch in schema]
            return 1, self._bounded(1 + sum(fields for _, fields in branches))
        if not isinstance(schema, dict):
            raise NoSchema("a type of it is neither a name, nor a list, nor an object")
        kind = schema["type"]
        if kind == "array":
            least, fields = self.measure(schema["items"], depth + 1, space)
            if not least:
                raise NoSchema("it has an array of items that take no bytes")
            return 1, self._bounded(1 + fields)
        if kind == "map":
            return 1, self._bounded(1 + self.measure(schema["values"], depth + 1, space)[1])
        if kind in ("record", "error", "enum", "fixed"):
            return self._define(kind, schema, depth, space)
        return self.measure(kind, depth + 1, space)

    def _by_name(self, name: str, space: str) -> tuple[int, int]:
        if name in _PRIMITIVES:
            return _PRIMITIVES[name], 1
        full = name if "." in name or not space else f"{space}.{name}"
        if full not in self._named:
            raise NoSchema(f"it refers to {name[:60]!r}, which it does not define before")
        found = self._named[full]
        if found is None:
            raise NoSchema(f"{name[:60]!r} holds itself")
        return found

    def _define(self, kind: str, schema: Any, depth: int, space: str) -> tuple[int, int]:
        name = str(schema["name"])
        space = name.rpartition(".")[0] or str(schema.get("namespace", space))
        full = name if "." in name or not space else f"{space}.{name}"
        self._named[full] = None
        if kind == "enum":
            measured = 1, self._bounded(len(schema["symbols"]))
        elif kind == "fixed":
            measured = int(schema["size"]), 1
            if measured[0] < 0:
                raise NoSchema(f"{name[:60]!r} has less than no bytes")
        else:
            parts = [self.measure(field["type"], depth + 1, space) for field in schema["fields"]]
            measured = sum(least for least, _ in parts), self._bounded(1 + sum(fields for _, fields in parts))
        self._named[full] = measured
        return measured

    def _bounded(self, fields: int) -> int:
        if fields > SCHEMA_FIELDS:
            raise NoSchema(f"a value of it has more than {SCHEMA_FIELDS:,} fields")
        return fields
