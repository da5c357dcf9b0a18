"""Framing, fingerprints and schema resolution. Pure."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
from array import array
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_args

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charles import events
from charles.avro import codec
from charles.avro.codec import Unreadable
from charles.base.limits import ANGLE, DISTANCE, LAST_TICK, NAME_BYTES, PLACE, SPEED
from charles.events import Control, Event, Frame, Sample
from tests.samples import sample

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

MEASURED = {"speed": SPEED, "purpose_distance": DISTANCE, "purpose_bearing": ANGLE}
MEASURED |= dict.fromkeys(("x", "y", "heading", "yaw_rate"), PLACE)
HISTORIES = [field.name for field in dataclasses.fields(Sample) if field.name.startswith("history_")]


def nobody(_: bytes) -> None:
    """A registry that knows no schema."""


def any_event(kind: type) -> st.SearchStrategy[Any]:
    """Events of a kind, every field anywhere in its range."""
    share, signed = st.floats(0, 1, width=32), st.floats(-1, 1, width=32)
    named = {"tick": st.integers(0, LAST_TICK), "acceleration": share, "braking": share, "steering": signed}
    named |= {name: st.floats(-bound, bound, width=32) for name, bound in MEASURED.items()}
    named |= dict.fromkeys(("collector", "run"), st.text(max_size=NAME_BYTES // 4))
    if kind is Frame:
        named |= dict.fromkeys(("width", "height"), st.integers(0, 6_000))
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
        assert values_of(codec.decode(kind, data, nobody)) == values_of(event)

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
    """By field; arrays as lists, for they are not each other's equal."""
    values = {name: getattr(event, name) for name in type(event).__dataclass_fields__}
    return {name: list(value) if isinstance(value, array) else value for name, value in values.items()}


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


@pytest.mark.parametrize("kind", [Frame, Control, Sample])
def test_a_damaged_record_is_what_fastavro_makes_of_it(kind: type) -> None:
    @settings(max_examples=200)
    @given(any_event(kind), st.data())
    def is_what_fastavro_makes_of_it(event: Any, data: st.DataObject) -> None:
        whole = codec.encode(event)
        at = data.draw(st.integers(10, len(whole) - 1))
        damaged = whole[:at] + data.draw(st.binary(max_size=12)) + whole[at + data.draw(st.integers(0, 3)) :]
        assert repr(read(kind, damaged)) == repr(plainly_read(kind, damaged))  # NaN is no NaN's equal

    is_what_fastavro_makes_of_it()


def read(kind: type, data: bytes) -> dict[str, Any] | None:
    with contextlib.suppress(Unreadable):
        return values_of(codec.decode(kind, data, nobody))
    return None


def plainly_read(kind: type, data: bytes) -> dict[str, Any] | None:
    body = io.BytesIO(data[10:])
    with contextlib.suppress(Exception):
        made = kind(**fastavro.schemaless_reader(body, codec.schema(kind), None))  # type: ignore[arg-type]
        return values_of(made) if body.tell() == len(data) - 10 else None
    return None


@given(st.data())
def test_arrays_of_floats_in_one_piece_are_those_that_come_item_by_item(data: st.DataObject) -> None:
    given_as = st.lists(st.floats(allow_nan=False, width=32), max_size=70).map(lambda values: array("f", values))
    histories = {name: data.draw(given_as) for name in HISTORIES}
    packed = sample(**histories)
    listed = sample(**{name: list(values) for name, values in histories.items()})
    assert codec.encode(packed) == codec.encode(listed)
    assert values_of(codec.decode(Sample, codec.encode(packed), nobody)) == values_of(listed)


def test_arrays_in_several_blocks_are_read_too() -> None:
    event = sample(**{name: [1.0, 2.0, 3.0] for name in HISTORIES}, frames=[b"one", b"two"])
    whole = codec.encode(event)
    for kept, blocks in (([1.0, 2.0, 3.0], ([1.0], [2.0, 3.0])), ([b"one", b"two"], ([b"one"], [b"two"]))):
        one, (first, second) = array_of(kept), map(array_of, blocks)
        assert one in whole
        read_back = codec.decode(Sample, whole.replace(one, first[:-1] + second), nobody)
        assert values_of(read_back) == values_of(event)


def array_of(values: list[Any]) -> bytes:
    """As Avro has it: one block, and the end."""
    out = io.BytesIO()
    items = "bytes" if isinstance(values[0], bytes) else "float"
    fastavro.schemaless_writer(out, {"type": "array", "items": items}, values)
    return out.getvalue()


@pytest.mark.parametrize("strange", ["1.0", None, 1e300])
def test_what_is_no_float_of_32_bits_is_told_by_fastavro(strange: Any) -> None:
    event = sample(**{name: [1.0, strange] for name in HISTORIES})
    fastavros = outcome(lambda: written(codec.schema(Sample), **values_of(event))[10:])
    assert outcome(lambda: codec.encode(event)[10:]) == fastavros


def outcome(write: Callable[[], bytes]) -> Any:
    try:
        return write()
    except Exception as error:
        return type(error), str(error)


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
