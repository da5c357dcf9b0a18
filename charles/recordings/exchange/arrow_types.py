"""Avro as Arrow: the columns of an event, as its schema says."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from charles.avro.codec import AvroSchema

_PLAIN_TYPES = {
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "bytes": pa.binary(),
    "string": pa.string(),
}
_TIMESTAMPS = {"timestamp-micros": pa.timestamp("us", tz="UTC"), "timestamp-millis": pa.timestamp("ms", tz="UTC")}


def columns(schema: AvroSchema) -> list[pa.Field]:
    """The fields of a record's schema, with their docs and units; all may be null."""
    return [_field(each) for each in schema["fields"]]


def _field(field: AvroSchema) -> pa.Field:
    told = {name: str(field[name]) for name in ("doc", "unit") if name in field}
    return pa.field(field["name"], arrow(field["type"]), metadata=told)


def arrow(kind: Any) -> pa.DataType:
    """The type of an Avro type. Raises ValueError for one that our events do not have."""
    if isinstance(kind, list):
        some = [each for each in kind if each != "null"]
        if len(some) == 1:
            return arrow(some[0])
    elif isinstance(kind, str) and kind in _PLAIN_TYPES:
        return _PLAIN_TYPES[kind]
    elif isinstance(kind, dict):
        if kind.get("logicalType") in _TIMESTAMPS:
            return _TIMESTAMPS[kind["logicalType"]]
        if kind["type"] == "array":
            return pa.list_(arrow(kind["items"]))
        if kind["type"] == "map":
            return pa.map_(pa.string(), arrow(kind["values"]))
        if kind["type"] == "record":
            return pa.struct([pa.field(each["name"], arrow(each["type"])) for each in kind["fields"]])
        return arrow(kind["type"])
    raise ValueError(f"Avro's {kind} has no column")
