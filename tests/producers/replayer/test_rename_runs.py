"""Other runs: the same in value, header and key."""

from __future__ import annotations

import io
from copy import deepcopy
from typing import Any

import fastavro
import pytest

from charles.avro import codec
from charles.events import Control, Frame, Sample
from charles.recordings.format.manifest import Manifest
from charles.recordings.format.record import Record
from producers.replayer.rename_runs import RunRenaming
from tests.producers.replayer.driven import control, frame, of_tick, sample


def renaming(**schemas: Any) -> RunRenaming:
    return RunRenaming(Manifest(prefix="charles", schemas=schemas), "-x")


@pytest.mark.parametrize("make", [frame, control])
def test_a_tick_gets_its_new_run_in_value_and_header(make: Any) -> None:
    event = make("garage", "r1", 7)
    before = of_tick(3, event, "garage")
    after = renaming()(before)
    assert after.moment == ("garage", "r1-x", 7)
    decoded = codec.decode(type(event), after.value, lambda _: None)
    assert decoded.run == "r1-x"
    decoded.run = "r1"
    assert decoded == event
    assert (after.key, after.timestamp, [name for name, _ in after.headers]) == (
        b"garage",
        before.timestamp,
        ["collector", "run", "tick"],
    )


def test_a_sample_gets_a_new_set_too_which_is_its_key() -> None:
    event = sample("garage", "r1", 7)
    after = renaming()(of_tick(3, event, event.set_id))
    decoded = codec.decode(Sample, after.value, lambda _: None)
    assert (decoded.run, decoded.set_id, after.key) == ("r1-x", "set-2-x", b"set-2-x")
    assert decoded.frames == event.frames
    assert list(decoded.history_speed) == list(event.history_speed)


def test_all_records_of_a_pass_get_the_same_suffix_and_each_pass_another_one() -> None:
    manifest = Manifest(prefix="charles")
    passes = [RunRenaming(manifest) for _ in range(20)]
    assert len({each.suffix for each in passes}) == 20
    for each in passes:
        runs = {each(of_tick(tick, control("garage", "r1", tick), "garage")).header("run") for tick in range(3)}
        assert runs == {f"r1{each.suffix}".encode()}


def test_a_key_that_is_the_run_is_renamed_and_headers_that_come_twice_too() -> None:
    headers = (("run", b"r1"), ("a", b"r1"), ("run", None), ("run", b"r1"))
    after = renaming()(Record(1, 5, 1, b"r1", None, headers))
    assert after == Record(1, 5, 1, b"r1-x", None, (("run", b"r1-x"), ("a", b"r1"), ("run", None), ("run", b"r1-x")))


def test_an_older_schema_of_the_manifest_is_kept() -> None:
    older = deepcopy(codec.schema(Control))
    older["fields"] = [field for field in older["fields"] if field["name"] not in ("x", "y")]
    older = {key: value for key, value in older.items() if not key.startswith("__")}
    name = codec.crc64(older)
    out = io.BytesIO()
    event = {field: getattr(control("garage", "r1", 7), field) for field in (each["name"] for each in older["fields"])}
    fastavro.schemaless_writer(out, fastavro.parse_schema(older), event)
    value = codec.SINGLE_OBJECT + name + out.getvalue()
    made = renaming(**{name.hex(): older})
    after = made(Record(1, 5, 1, b"garage", value, (("run", b"r1"),))).value
    assert after is not None
    assert after.startswith(codec.SINGLE_OBJECT + name)
    read = fastavro.schemaless_reader(io.BytesIO(after[10:]), fastavro.parse_schema(older), None)
    assert read == event | {"run": "r1-x"}
    assert made.unread == 0


def test_a_schema_registrys_framing_is_kept() -> None:
    body = codec.encode(frame("garage", "r1", 7))[10:]
    value = codec.CONFLUENT + (70_000).to_bytes(4, "big") + body
    made = renaming(**{"70000": {key: of for key, of in codec.schema(Frame).items() if not key.startswith("__")}})
    after = made(Record(1, 5, 1, b"garage", value, ())).value
    assert after is not None
    assert after[:5] == value[:5]
    decoded = codec.decode(Frame, codec.SINGLE_OBJECT + codec.own_fingerprint(Frame) + after[5:], lambda _: None)
    assert decoded == frame("garage", "r1-x", 7)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"no event",
        b"\xc3\x01short",
        codec.SINGLE_OBJECT + bytes(8) + b"of nobody",
        codec.encode(frame("garage", "r1", 7))[:-1],
        codec.encode(frame("garage", "r1", 7)) + b"\0",
    ],
)
def test_a_value_that_cannot_be_read_stays_as_it_is_and_is_counted(value: bytes) -> None:
    made = renaming()
    after = made(Record(1, 5, 1, b"garage", value, (("run", b"r1"),)))
    assert after == Record(1, 5, 1, b"garage", value, (("run", b"r1-x"),))
    assert made.unread == 1
