"""Schemas that others have written: what is wrong with one is said, and nothing else happens."""

from __future__ import annotations

import json
import time
from typing import Any

import fastavro
import pytest

from charles.avro import codec
from charles.avro.foreign_schema import NoSchema, parse
from charles.events import Checkpoint, Frame, RunLedger, Sample


def record(name: str, **fields: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [{"name": each, "type": kind} for each, kind in fields.items()]}


def doubling(times: int) -> dict[str, Any]:
    """A record whose value has 2^times fields."""
    inner = record("r0", x="long")
    for number in range(1, times):
        inner = record(f"r{number}", one=inner, two=f"r{number - 1}")
    return inner


@pytest.mark.parametrize("event", [Frame, Sample, RunLedger, Checkpoint])
def test_ours_are_read(event: type) -> None:
    own = {key: value for key, value in codec.schema(event).items() if not key.startswith("__")}
    assert codec.crc64(parse(json.dumps(own))) == codec.own_fingerprint(event)


def test_a_name_may_be_used_twice_and_have_a_namespace() -> None:
    place = record("place", x="double") | {"namespace": "games"}
    found = parse(json.dumps(record("cars.way", begin=place, end="games.place") | {"namespace": "cars"}))
    assert fastavro.schema.fullname(found) == "cars.way"


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ("", "it is empty"),
        ("no schema", "Expecting value"),
        ("null", "neither a name"),
        ("[" * 100_000, "100,000 bytes"),
        ("[" * 40_000, "recursion"),
        (json.dumps({"type": "enum", "name": "E"}), "symbols"),
        (json.dumps({"type": "array"}), "items"),
        (json.dumps(record("a", b="nosuch")), "'nosuch', which it does not define before"),
        (json.dumps(record("a", b="a")), "'a' holds itself"),
        (json.dumps(record("a", b=["null", "a"])), "'a' holds itself"),
        (json.dumps(record("a", b={"type": "array", "items": "a"})), "'a' holds itself"),
        (json.dumps({"type": "array", "items": "null"}), "items that take no bytes"),
        (json.dumps({"type": "array", "items": record("a")}), "items that take no bytes"),
        (json.dumps({"type": "array", "items": {"type": "fixed", "name": "f", "size": 0}}), "items that take no bytes"),
        (json.dumps({"type": "array", "items": {"type": "fixed", "name": "f", "size": -1}}), "less than no bytes"),
        ('{"type": "record", "name": "\\ud800", "fields": []}', "surrogates not allowed"),
        (json.dumps(doubling(20)), "more than 10,000 fields"),
        ('{"type":' * 40 + '"long"' + "}" * 40, "nested more than 32 deep"),
        (json.dumps({"type": "fixed", "name": "f", "size": "many"}), "many"),
        (json.dumps({"type": "record", "name": "a", "fields": 5}), "iterable"),
        ("1" * 50_000, "limit"),
    ],
    ids=lambda text: str(text)[:30],
)
def test_what_is_wrong_with_one_is_said_at_once(schema: str, says: str) -> None:
    began = time.process_time()
    with pytest.raises(NoSchema, match=says):
        parse(schema)
    assert time.process_time() - began < 2
