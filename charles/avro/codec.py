"""Events to bytes and back.

Framing: Avro single-object encoding (C3 01, the CRC-64-AVRO fingerprint of the writer's schema, little-endian, then the
body) needs no registry and is the default; with a schema registry configured, Confluent's (00, the schema's id,
big-endian, then the body). Readers accept both and tell by the first bytes.
Source: the Avro specification, "Single-object encoding" and "Schema Fingerprints".
"""

from __future__ import annotations

import dataclasses
import io
import json
import operator
import struct
from collections.abc import Callable
from importlib.resources import files
from typing import Any, NamedTuple, TypeVar, cast, get_args

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

from charles import events
from charles.avro import fast_codec

SINGLE_OBJECT = b"\xc3\x01"
CONFLUENT = b"\x00"
_HEADER_BYTES = 10
_CONFLUENT_HEADER_BYTES = 5
_REASON_LETTERS = 300
"""Of what fastavro says: it quotes whole schemas."""

AvroSchema = dict[str, Any]
EventT = TypeVar("EventT")


class Unreadable(ValueError):
    """A record cannot be decoded; the message says why. Send it to the dead-letter topic."""


STUMBLES = (
    *(ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError, BufferError),
    *(MemoryError, RecursionError, struct.error),
)
"""What a record may make code raise, and will in every life; as opposed to what says that somebody does not answer, or
refuses."""


class SchemaUnavailable(RuntimeError):
    """Nobody could be asked for the schema of a record, which says nothing about it: it may be readable later."""


def crc64(avro_schema: AvroSchema) -> bytes:
    """The CRC-64-AVRO fingerprint of a schema's parsing canonical form: 8 bytes, little-endian."""
    digest: str = fingerprint(to_parsing_canonical_form(avro_schema), "CRC-64-AVRO")
    return bytes.fromhex(digest)


class _Contract(NamedTuple):
    """What an event's dataclass and its schema agree on."""

    schema: AvroSchema
    fingerprint: bytes
    names: tuple[str, ...]
    values: Callable[[Any], tuple[Any, ...]]


def _contract(event: Any) -> _Contract:
    text = files("schemas").joinpath(f"{event.__name__}.avsc").read_text(encoding="utf-8")
    parsed = cast(AvroSchema, fastavro.parse_schema(json.loads(text)))
    names = tuple(field.name for field in dataclasses.fields(event))
    return _Contract(parsed, crc64(parsed), names, operator.attrgetter(*names))


_CONTRACTS: dict[type, _Contract] = {event: _contract(event) for event in get_args(events.Event)}


_OWN_HEADERS = {event: SINGLE_OBJECT + contract.fingerprint for event, contract in _CONTRACTS.items()}


def schema(event: type) -> AvroSchema:
    """An event's own schema, parsed."""
    return _CONTRACTS[event].schema


def own_fingerprint(event: type) -> bytes:
    """The fingerprint of an event's own schema."""
    return _CONTRACTS[event].fingerprint


def encode(event: Any, header: bytes | None = None) -> bytes:
    """An event as a framed Avro record. header: of another framing than the single-object one."""
    head = header or _OWN_HEADERS[type(event)]
    if (write := fast_codec.WRITE.get(type(event))) is not None:
        try:
            return write(head, event)
        except fast_codec.UNUSUAL:
            pass  # fastavro writes it, or has the words for what is wrong
    out = io.BytesIO()
    out.write(head)
    fastavro.schemaless_writer(out, schema(type(event)), _to_record(event))
    return out.getvalue()


def decode(event: type[EventT], data: bytes | memoryview | None, find: Callable[[bytes], AvroSchema | None]) -> EventT:
    """A framed Avro record as an event of this type, whatever version of the schema wrote it.

    find: from the header's schema name (8 bytes fingerprint, or 4 bytes registry id) to the writer's schema, None where
    nobody knows it; asked only for schemas that are not our own. data: of a memoryview, large bytes may become a part
    that is not copied. Raises Unreadable.
    """
    if not data:
        raise Unreadable("the record is empty")
    read = fast_codec.READ.get(event)
    if read and data[:_HEADER_BYTES] == _OWN_HEADERS[event]:
        try:
            if (made := read(data, _HEADER_BYTES)) is not None:
                return cast(EventT, made)
        except fast_codec.UNUSUAL:
            pass  # fastavro reads it, or has the words for what is wrong
    if data[:2] == SINGLE_OBJECT:
        name, start = bytes(data[2:_HEADER_BYTES]), _HEADER_BYTES
    elif data[:1] == CONFLUENT:
        name, start = bytes(data[1:_CONFLUENT_HEADER_BYTES]), _CONFLUENT_HEADER_BYTES
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


def _from_body(event: type[EventT], data: bytes | memoryview, start: int, writer: AvroSchema) -> EventT:
    body, reader = io.BytesIO(data), schema(event)
    body.seek(start)
    try:
        record = fastavro.schemaless_reader(body, writer, None if writer is reader else reader)
        made = _from_record(event, cast(dict[str, Any], record))
    except Exception as error:  # fastavro raises whatever its C code stumbled over: EOF, Index, Unicode, Memory ...
        reason = (str(error) or type(error).__name__)[:_REASON_LETTERS]
        raise Unreadable(f"not a {event.__name__}: {reason}") from error
    if body.tell() != len(data):
        raise Unreadable(f"not a {event.__name__}: {len(data) - body.tell()} bytes too many")
    return made


def _to_record(event: Any) -> dict[str, Any]:
    contract = _CONTRACTS[type(event)]
    record = dict(zip(contract.names, contract.values(event), strict=True))
    if isinstance(event, events.Checkpoint):
        record["spans"] = [dataclasses.asdict(span) for span in event.spans]
    return record


def _from_record(kind: type[EventT], record: dict[str, Any]) -> EventT:
    if kind is events.Checkpoint:
        record["spans"] = [events.Span(**span) for span in record["spans"]]
    return kind(**record)
