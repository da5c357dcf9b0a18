"""Events to bytes and back.

Framing: Avro single-object encoding (C3 01, the CRC-64-AVRO fingerprint of the writer's schema, little-endian, then the
body) needs no registry and is the default; with a schema registry configured, Confluent's (00, the schema's id,
big-endian, then the body). Readers accept both and tell by the first bytes.
Source: the Avro specification, "Single-object encoding" and "Schema Fingerprints".
"""

from __future__ import annotations

import dataclasses
import functools
import io
import json
import operator
import typing
from collections.abc import Callable
from importlib.resources import files
from typing import Any, TypeVar

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

from charles import events

SINGLE_OBJECT = b"\xc3\x01"
CONFLUENT = b"\x00"
_HEADER = 10
_CONFLUENT_HEADER = 5

AvroSchema = dict[str, Any]
EventT = TypeVar("EventT")


class Unreadable(ValueError):
    """A record cannot be read; the message says why. It belongs on the dead-letter topic."""


@functools.cache
def schema(event: type) -> AvroSchema:
    """An event's own schema, parsed."""
    text = files("schemas").joinpath(f"{event.schema}.avsc").read_text(encoding="utf-8")  # type: ignore[attr-defined]
    return typing.cast(AvroSchema, fastavro.parse_schema(json.loads(text)))


def crc64(avro_schema: AvroSchema) -> bytes:
    """The CRC-64-AVRO fingerprint of a schema's parsing canonical form: 8 bytes, little-endian as the framing has it."""
    digest: str = fingerprint(to_parsing_canonical_form(avro_schema), "CRC-64-AVRO")
    return bytes.fromhex(digest)


@functools.cache
def own_fingerprint(event: type) -> bytes:
    return crc64(schema(event))


def encode(event: Any, header: bytes | None = None) -> bytes:
    """An event as a framed Avro record. header: another framing than the single-object one."""
    kind = type(event)
    out = io.BytesIO()
    out.write(SINGLE_OBJECT + own_fingerprint(kind) if header is None else header)
    fastavro.schemaless_writer(out, schema(kind), _to_record(event))
    return out.getvalue()


def decode(event: type[EventT], data: bytes | None, find: Callable[[bytes], AvroSchema | None]) -> EventT:
    """A framed Avro record as an event of this type, whatever version of the schema wrote it.

    find: from the header's schema name (8 bytes fingerprint, or 4 bytes registry id) to the writer's schema, None where
    nobody knows it; asked only for schemas that are not our own. Raises Unreadable.
    """
    if not data:
        raise Unreadable("the record is empty")
    if data.startswith(SINGLE_OBJECT):
        name, start = data[2:_HEADER], _HEADER
    elif data.startswith(CONFLUENT):
        name, start = data[1:_CONFLUENT_HEADER], _CONFLUENT_HEADER
    else:
        raise Unreadable(
            f"the record begins with {data[:2].hex(' ')}: neither Avro single-object nor Confluent framing"
        )
    if len(data) < start:
        raise Unreadable(f"the record ends within its header, after {len(data)} bytes")
    writer = schema(event) if name == own_fingerprint(event) else find(name)
    if writer is None:
        raise Unreadable(f"unknown schema {name.hex()}")
    return _from_body(event, data, start, writer)


def _from_body(event: type[EventT], data: bytes, start: int, writer: AvroSchema) -> EventT:
    body = io.BytesIO(data)
    body.seek(start)
    reader = schema(event)
    try:
        record = fastavro.schemaless_reader(body, writer, None if writer is reader else reader)
        made = _from_record(event, typing.cast(dict[str, Any], record))
    except Exception as error:  # fastavro raises whatever its C code stumbled over: EOF, Index, Unicode, Memory ...
        raise Unreadable(f"not a {event.schema}: {str(error) or type(error).__name__}") from error  # type: ignore[attr-defined]
    if body.tell() != len(data):
        raise Unreadable(f"not a {event.schema}: {len(data) - body.tell()} bytes too many")  # type: ignore[attr-defined]
    return made


@functools.cache
def _fields(kind: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    names = tuple(field.name for field in dataclasses.fields(kind))
    return names, operator.attrgetter(*names)


def _to_record(event: Any) -> dict[str, Any]:
    names, values = _fields(type(event))
    record = dict(zip(names, values(event), strict=True))
    if isinstance(event, events.Checkpoint):
        record["spans"] = [_to_record(span) for span in event.spans]
    return record


def _from_record(kind: type[EventT], record: dict[str, Any]) -> EventT:
    if kind is events.Checkpoint:
        record["spans"] = [events.Span(**span) for span in record["spans"]]
    return kind(**record)
