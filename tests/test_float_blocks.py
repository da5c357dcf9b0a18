"""Arrays of floats in one piece: the bytes, and the values, are those that fastavro writes and reads item by item."""

from __future__ import annotations

import dataclasses
import io
from array import array
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charles import codec
from charles.codec import Unreadable
from charles.events import RunLedger

LEDGER = RunLedger(
    collector="c",
    run="r",
    time=datetime(2026, 1, 2, tzinfo=UTC),
    **dict.fromkeys(("seen", "settled", "late", "dropped", "history_last", "stack_last"), 3),
    **dict.fromkeys(("warm_up", "in_bins", "emitted", "surplus", "unmatched", "dead_lettered", "missing"), 1),
    **dict.fromkeys(("repeats", "expired"), 0),
    stack_offsets=[7],
    **{f"history_{signal}": [] for signal in ("acceleration", "braking", "steering", "speed")},
    history_purpose_distance=[],
    history_purpose_bearing=[],
)  # type: ignore[arg-type]
HISTORIES = [field.name for field in dataclasses.fields(RunLedger) if field.name.startswith("history_")][1:]

floats = st.floats(allow_nan=False, width=32)
lengths = st.sampled_from([0, 1, 3, 60, 64, 600])


def ledger(values: list[list[float]]) -> RunLedger:
    return dataclasses.replace(LEDGER, **dict(zip(HISTORIES, values, strict=True)))


def one_length(length: int) -> st.SearchStrategy[RunLedger]:
    six = st.lists(st.lists(floats, min_size=length, max_size=length), min_size=6, max_size=6)
    return six.map(ledger)


anything = st.one_of(
    lengths.flatmap(one_length), st.lists(st.lists(floats, max_size=4), min_size=6, max_size=6).map(ledger)
)


def plainly_written(event: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, codec.schema(type(event)), dataclasses.asdict(event))
    return codec.SINGLE_OBJECT + codec.own_fingerprint(type(event)) + out.getvalue()


def plainly_read(data: bytes) -> RunLedger | None:
    body = io.BytesIO(data[10:])
    try:
        made = RunLedger(**fastavro.schemaless_reader(body, codec.schema(RunLedger), None))  # type: ignore[arg-type]
    except Exception:
        return None
    return made if body.tell() == len(data) - 10 else None


def read(data: bytes) -> RunLedger | None:
    try:
        return codec.decode(RunLedger, data, lambda _: None)
    except Unreadable:
        return None


@given(anything)
def test_the_bytes_are_fastavros(event: RunLedger) -> None:
    assert codec.encode(event) == plainly_written(event)


@given(one_length(3))
def test_arrays_are_written_as_lists_are(event: RunLedger) -> None:
    packed = dataclasses.replace(event, **{name: array("f", getattr(event, name)) for name in HISTORIES})
    assert codec.encode(packed) == codec.encode(event)


@given(st.lists(anything, max_size=5))
def test_lengths_may_change_from_record_to_record(told: list[RunLedger]) -> None:
    assert [read(plainly_written(event)) for event in told] == told


@given(one_length(3), st.data())
def test_a_damaged_record_is_what_fastavro_makes_of_it(event: RunLedger, data: st.DataObject) -> None:
    whole = codec.encode(event)
    assert read(whole) == event  # and arrays of 3 are what comes next
    at = data.draw(st.integers(10, len(whole) - 1))
    damaged = whole[:at] + data.draw(st.binary(max_size=2)) + whole[at + 1 :]
    assert repr(read(damaged)) == repr(plainly_read(damaged))  # NaN is no NaN's equal


def test_an_array_in_several_blocks_is_read_too() -> None:
    event = ledger([[1.0, 2.0, 3.0]] * 6)
    whole = codec.encode(event)
    assert read(whole) == event
    array = array_of([1.0, 2.0, 3.0])
    assert whole.count(array) == 6
    assert read(whole.replace(array, array_of([1.0])[:-1] + array_of([2.0, 3.0]))) == event


def array_of(values: list[float]) -> bytes:
    """As Avro has it: one block, and the end."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, {"type": "array", "items": "float"}, values)
    return out.getvalue()


@pytest.mark.parametrize("strange", ["1.0", None, 1e300])
def test_what_is_no_float_of_32_bits_is_told_by_fastavro(strange: Any) -> None:
    event = ledger([[1.0, strange]] * 6)
    assert outcome(codec.encode, event) == outcome(plainly_written, event)


def outcome(write: Callable[[RunLedger], bytes], event: RunLedger) -> Any:
    try:
        return write(event)
    except Exception as error:
        return type(error), str(error)
