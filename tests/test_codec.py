"""Framing, fingerprints and schema resolution. Pure."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
from datetime import UTC, datetime
from typing import Any, get_args

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charles import codec, events
from charles.codec import Unreadable
from charles.events import Control, Event, Frame

PUBLISHED = [
    # Avro's own test data: share/test/data/schema-tests.txt
    ('"null"', 7195948357588979594),
    ('"boolean"', -6970731678124411036),
    ('"int"', 8247732601305521295),
    ('"long"', -3434872931120570953),
    ('"double"', -8181574048448539266),
    ('"bytes"', 5746618253357095269),
    ('"string"', -8142146995180207161),
    ('["int", {"type": "boolean"}]', 5392556393470105090),
    ('{"fields": [], "type": "record", "name": "foo"}', -4824392279771201922),
    ('{"fields": [], "type": "record", "name": "foo", "namespace": "x.y"}', 5916914534497305771),
    ('{"fields": [], "type": "record", "name": "foo", "doc": "Useful info"}', -4824392279771201922),
    ('{"fields": [{"type": {"type": "boolean"}, "name": "f1"}], "type": "record", "name": "foo"}', 7843277075252814651),
    ('{"items": {"type": "null"}, "type": "array"}', -589620603366471059),
    ('{"values": "string", "type": "map"}', -8732877298790414990),
]

FRAME = Frame("c-1", "r", 7, datetime(2026, 1, 2, 3, 4, 5, 678901, UTC), b"\xff\xd8jpeg", 480, 270, 3, 1)


def nobody(_: bytes) -> None:
    """A registry that knows no schema."""


def any_event(kind: type) -> st.SearchStrategy[Any]:
    """Events of a kind, every field anywhere in its range."""
    share, signed = st.floats(0, 1, width=32), st.floats(-1, 1, width=32)
    named = {"tick": st.integers(0, 2**62), "acceleration": share, "braking": share, "steering": signed}
    return st.builds(kind, **{name: named[name] for name in named if name in kind.__dataclass_fields__})  # type: ignore[attr-defined]


@pytest.fixture(autouse=True, scope="module")
def _contract_types() -> None:
    """What every field of a type can hold: the contract has 32-bit and 64-bit ones. Time is UTC."""
    st.register_type_strategy(int, st.integers(-(2**31), 2**31 - 1))
    st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False, width=32))
    moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
    st.register_type_strategy(datetime, moments)


@pytest.mark.parametrize(("schema", "fingerprint"), PUBLISHED)
def test_fingerprints_are_avros_own(schema: str, fingerprint: int) -> None:
    assert codec.crc64(json.loads(schema)) == fingerprint.to_bytes(8, "little", signed=True)


@pytest.mark.parametrize("kind", get_args(Event))
def test_every_event_comes_back_as_it_was(kind: type) -> None:
    @settings(max_examples=30)
    @given(any_event(kind))
    def comes_back(event: Any) -> None:
        data = codec.encode(event)
        assert data[:10] == b"\xc3\x01" + codec.own_fingerprint(kind)
        assert codec.decode(kind, data, nobody) == event

    comes_back()


@pytest.mark.parametrize("kind", get_args(Event))
def test_every_field_says_what_it_is_and_in_which_unit(kind: type) -> None:
    schema = codec.schema(kind)
    assert schema["doc"]
    for field in schema["fields"]:
        assert field["doc"], field["name"]
        assert field["unit"], field["name"]


def test_confluent_framing_is_told_by_its_first_byte() -> None:
    data = codec.encode(FRAME, b"\x00" + (42).to_bytes(4, "big"))
    asked = []

    def registry(name: bytes) -> codec.AvroSchema:
        asked.append(name)
        return codec.schema(Frame)

    assert codec.decode(Frame, data, registry) == FRAME
    assert asked == [b"\x00\x00\x00\x2a"]


def test_microseconds_survive() -> None:
    assert codec.decode(Frame, codec.encode(FRAME), nobody).time.microsecond == 678901


@given(st.integers(0, 200))
def test_a_truncated_record_is_unreadable(cut: int) -> None:
    data = codec.encode(FRAME)
    if cut < len(data):
        with pytest.raises(Unreadable):
            codec.decode(Frame, data[:cut], nobody)


@given(st.binary(min_size=1, max_size=40))
def test_bytes_too_many_are_unreadable(more: bytes) -> None:
    with pytest.raises(Unreadable, match="bytes too many"):
        codec.decode(Frame, codec.encode(FRAME) + more, nobody)


@given(st.binary(max_size=300))
def test_foreign_bytes_never_raise_anything_else(data: bytes) -> None:
    for framed in (data, codec.SINGLE_OBJECT + data, codec.SINGLE_OBJECT + codec.own_fingerprint(Frame) + data):
        try:
            codec.decode(Frame, framed, nobody)
        except Unreadable:
            continue


@pytest.mark.parametrize("data", [None, b""])
def test_nothing_is_unreadable(data: bytes | None) -> None:
    with pytest.raises(Unreadable, match="empty"):
        codec.decode(Frame, data, nobody)


def test_foreign_framing_and_unknown_schemas_are_named() -> None:
    with pytest.raises(Unreadable, match="7b 22: neither Avro single-object nor Confluent"):
        codec.decode(Frame, b'{"json": true}', nobody)
    with pytest.raises(Unreadable, match="unknown schema 0102030405060708"):
        codec.decode(Frame, codec.SINGLE_OBJECT + bytes(range(1, 9)) + b"body", nobody)


def test_another_event_under_this_name_is_unreadable() -> None:
    other = codec.encode(events.WeightChunk("m", "a", 0, 1, b""))
    with pytest.raises(Unreadable):
        codec.decode(Frame, other, lambda _: codec.schema(events.WeightChunk))


def version(*, without: str = "", extra: dict[str, Any] | None = None) -> codec.AvroSchema:
    """Frame's schema as an older or a newer version would have it."""
    fields = [field for field in codec.schema(Frame)["fields"] if field["name"] != without]
    changed = {"type": "record", "name": "charles.Frame", "fields": fields + ([extra] if extra else [])}
    parsed: codec.AvroSchema = fastavro.parse_schema(changed)
    return parsed


def written(schema: codec.AvroSchema, **values: Any) -> bytes:
    out = io.BytesIO(codec.SINGLE_OBJECT + codec.crc64(schema))
    out.seek(0, io.SEEK_END)
    fastavro.schemaless_writer(out, schema, values)
    return out.getvalue()


def values_of(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in type(event).__dataclass_fields__}


def test_an_older_reader_reads_what_a_newer_writer_wrote() -> None:
    newer = version(extra={"name": "exposure", "type": "double"})
    data = written(newer, **values_of(FRAME), exposure=0.5)
    assert codec.decode(Frame, data, {codec.crc64(newer): newer}.get) == FRAME


def test_a_newer_reader_reads_what_an_older_writer_wrote_where_the_new_field_has_a_default() -> None:
    checkpoint = codec.schema(events.Checkpoint)
    (new,) = (field for field in checkpoint["fields"] if field["name"] == "first_offset")
    assert new["default"] == 0
    fields = [field for field in checkpoint["fields"] if field is not new]
    older = fastavro.parse_schema({"type": "record", "name": "charles.Checkpoint", "fields": fields})
    values = dict.fromkeys(("model", "line", "kind", "artefact", "architecture", "sha256", "code"), "x")
    numbers = dict.fromkeys(("batch", "picture_width", "picture_height", "chunks", "size"), 3)
    data = written(older, **values, **numbers, time=FRAME.time, spans=[], parents=[])
    read = codec.decode(events.Checkpoint, data, {codec.crc64(older): older}.get)
    assert (read.first_offset, read.batch, read.model) == (0, 3, "x")


@pytest.mark.parametrize("kind", get_args(Event))
def test_the_bytes_are_fastavros(kind: type) -> None:
    @settings(max_examples=30)
    @given(any_event(kind))
    def are_fastavros(event: Any) -> None:
        assert codec.encode(event)[10:] == written(codec.schema(kind), **dataclasses.asdict(event))[10:]

    are_fastavros()


@pytest.mark.parametrize("kind", [Frame, Control])
def test_a_damaged_record_is_what_fastavro_makes_of_it(kind: type) -> None:
    @settings(max_examples=200)
    @given(any_event(kind), st.data())
    def is_what_fastavro_makes_of_it(event: Any, data: st.DataObject) -> None:
        whole = codec.encode(event)
        at = data.draw(st.integers(10, len(whole) - 1))
        damaged = whole[:at] + data.draw(st.binary(max_size=12)) + whole[at + data.draw(st.integers(0, 3)) :]
        assert read(kind, damaged) == plainly_read(kind, damaged)

    is_what_fastavro_makes_of_it()


def read(kind: type, data: bytes) -> Any:
    with contextlib.suppress(Unreadable):
        return codec.decode(kind, data, nobody)


def plainly_read(kind: type, data: bytes) -> Any:
    body = io.BytesIO(data[10:])
    with contextlib.suppress(Exception):
        made = kind(**fastavro.schemaless_reader(body, codec.schema(kind), None))  # type: ignore[arg-type]
        return made if body.tell() == len(data) - 10 else None


def test_an_older_record_that_lacks_a_field_without_default_is_unreadable() -> None:
    older = version(without="late")
    values = values_of(FRAME)
    del values["late"]
    with pytest.raises(Unreadable, match="late"):
        codec.decode(Frame, written(older, **values), {codec.crc64(older): older}.get)


def test_a_nan_that_somebody_else_wrote_is_unreadable() -> None:
    numbers = dict.fromkeys(("speed", "yaw_rate", "x", "y", "heading", "purpose_distance", "purpose_bearing"), 1.0)
    values = {"collector": "c", "run": "r", "tick": 0, "time": FRAME.time, "acceleration": 0.0, "braking": 0.0}
    data = written(codec.schema(Control), **values, **numbers, steering=float("nan"))
    with pytest.raises(Unreadable, match="steering must be in \\[-1, 1\\], not nan"):
        codec.decode(Control, data, nobody)
