"""Records that no program of ours sends, beside a healthy collector: each is a dead letter, and that is all."""

from __future__ import annotations

import io
import json
import os
import signal
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import fastavro
import pytest

from charles import topics
from charles.avro import codec
from charles.base.limits import KEPT_HEADER_BYTES, KEPT_KEY_BYTES, LAST_TICK
from charles.events import Control, DeadLetter, Frame, now
from charles.kafka.clients import name, producer
from charles.ledger.tick_ledger import read
from charles.settings import Kafka
from tests.kafka_tools import events
from tests.patience import PATIENCE_S
from tests.programs import running
from tests.stream_jobs.balancer.feeding import CONFIG, LOCAL, Feed, check_ledger_against_topics, ledgers_until, settled

FRAME = Frame("poison", "run", 5, now(), b"picture", 96, 84, 0, 0)
CONTROL = Control("poison", "run", 5, now(), 0.5, 0.0, 0.0, 1.0, 0, 0, 0, 0, 0, 0)
MARKS = {"collector": "poison", "run": "run", "tick": "5"}


class Poison(NamedTuple):
    """A record, and a word of the reason for which it is dead."""

    value: bytes | None
    says: str
    headers: Mapping[str, str] | list[tuple[str, str]] = MARKS
    topic: topics.Topic = topics.FRAMES
    key: bytes = b"poison"


def of_schema(schema: Any, body: bytes) -> bytes:
    """A record of a schema that stands on the topic, whose fingerprint fastavro can tell."""
    return codec.SINGLE_OBJECT + codec.crc64(fastavro.parse_schema(json.loads(json.dumps(schema)))) + body


def unchecked(event: Frame | Control, **changes: Any) -> bytes:
    """An event with values that it refuses itself."""
    values = {field: getattr(event, field) for field in type(event).__dataclass_fields__} | changes
    out = io.BytesIO()
    out.write(codec.SINGLE_OBJECT + codec.own_fingerprint(type(event)))
    fastavro.schemaless_writer(out, codec.schema(type(event)), values)
    return out.getvalue()


def framed(body: bytes, event: type = Frame) -> bytes:
    return codec.SINGLE_OBJECT + codec.own_fingerprint(event) + body


WHOLE = codec.encode(FRAME)
HOLDS_ITSELF = {"type": "record", "name": "charles.Frame", "fields": [{"name": "rest", "type": "charles.Frame"}]}
NO_BYTES = {"type": "array", "items": "null"}
SCHEMAS = {
    "holds itself": json.dumps(HOLDS_ITSELF),
    "no bytes": json.dumps(NO_BYTES),
    "no symbols": json.dumps({"type": "enum", "name": "E"}),
    "deep": "[" * 100_000,
    "junk": "\udcff".encode("utf-8", "surrogatepass").decode("latin1"),
}
OVER = "9" * 5_000

KINDS = {
    "empty": Poison(b"", "empty"),
    "tombstone": Poison(None, "empty"),
    "junk": Poison(b"no event at all", "neither Avro single-object nor Confluent"),
    "one byte": Poison(b"\xc3", "neither Avro"),
    "header alone": Poison(WHOLE[:10], "not a Frame"),
    "half a header": Poison(WHOLE[:6], "ends within its header"),
    "half": Poison(WHOLE[: len(WHOLE) // 2], "not a Frame"),
    "too much": Poison(WHOLE + b"more", "not a Frame"),
    "unknown schema": Poison(codec.SINGLE_OBJECT + b"12345678" + WHOLE[10:], "unknown schema"),
    "a registry that nobody has": Poison(b"\0\0\0\0\1" + WHOLE[10:], "schema registry"),
    "a schema that holds itself": Poison(of_schema(HOLDS_ITSELF, b""), "unknown schema"),
    "items without bytes": Poison(of_schema(NO_BYTES, b"\x80\x80\x80\x80\x80\x80\x01\0"), "unknown schema"),
    "a name of 2^60 bytes": Poison(framed(b"\xfe\xff\xff\xff\xff\xff\xff\xff\x1f"), "not a Frame"),
    "a name of less than no bytes": Poison(framed(b"\x01"), "not a Frame"),
    "a number without an end": Poison(framed(b"\xff" * 50), "not a Frame"),
    "a name that is no text": Poison(framed(b"\x04\xff\xfe" + b"\0" * 40), "not a Frame"),
    "a tick of 2^63-1": Poison(unchecked(FRAME, tick=2**63 - 1), "tick must be in"),
    "a tick below 0": Poison(unchecked(FRAME, tick=-1), "tick must be in"),
    "a header's tick of 2^63-1": Poison(b"junk", "begins with", MARKS | {"tick": str(2**63 - 1)}),
    "a header's tick of 5,000 digits": Poison(b"junk", "begins with", MARKS | {"tick": OVER}),
    "a header's tick of other digits": Poison(b"junk", "begins with", MARKS | {"tick": "٣"}),
    "a header's tick below 0": Poison(b"junk", "begins with", MARKS | {"tick": "-5"}),
    "a header's tick that is none": Poison(b"junk", "begins with", MARKS | {"tick": "five"}),
    "a header's tick far ahead": Poison(b"junk", "begins with", {"collector": "one", "run": "r", "tick": str(2**40)}),
    "the last tick": Poison(unchecked(FRAME, run="far", tick=LAST_TICK + 1), "tick must be in"),
    "a run of 300 letters": Poison(unchecked(FRAME, run="r" * 300), "run must have at most 255 bytes"),
    "a collector of 10,000 letters": Poison(unchecked(FRAME, collector="c" * 10_000), "collector must have at most"),
    "a year that there is not": Poison(framed(b"\x02a\x02b\x00" + b"\xfe" * 8 + b"\x7f" + b"\0" * 20), "not a Frame"),
    "no headers": Poison(b"junk", "begins with", {}),
    "a header twice": Poison(b"junk", "begins with", [*MARKS.items(), ("tick", "6")]),
    "200 headers": Poison(b"junk", "begins with", {str(number): "x" for number in range(200)}),
    "a header of 300 kB": Poison(b"junk", "begins with", MARKS | {"big": "b" * 300_000}),
    "a header's name of 300 kB": Poison(b"junk", "begins with", MARKS | {"n" * 300_000: "b"}),
    "a key of 300 kB": Poison(b"junk", "begins with", key=b"k" * 300_000),
    "a key that is no text": Poison(b"junk", "begins with", key=b"\xff\xfe"),
    "a value of 1.9 MB": Poison(b"j" * 1_900_000, "begins with"),
    **{
        f"{field} {value}": Poison(unchecked(CONTROL, **{field: value}), f"{field} must be in", topic=topics.CONTROLS)
        for field in ("speed", "purpose_distance", "purpose_bearing", "x", "y", "yaw_rate", "heading", "steering")
        for value in (float("nan"), float("inf"), 1e300)
    },
    "braking 2": Poison(unchecked(CONTROL, braking=2.0), "braking must be in", topic=topics.CONTROLS),
    "a control that ends early": Poison(codec.encode(CONTROL)[:-3], "not a Control", topic=topics.CONTROLS),
    "a frame among the controls": Poison(WHOLE, "", topic=topics.CONTROLS),
    "floats of a control that are none": Poison(
        framed(codec.encode(CONTROL)[10:-8] + struct.pack("<d", float("-inf")), Control),
        "must be in",
        topic=topics.CONTROLS,
    ),
}


def poison(kafka: Kafka, kinds: Mapping[str, Poison] = KINDS) -> None:
    """Write every kind once, and the schemas that some of them are of."""
    sender = producer(kafka, **{"enable.idempotence": False, "message.max.bytes": 2_090_000})
    for key, text in SCHEMAS.items():
        sender.produce(name(kafka, topics.SCHEMAS), text.encode(), key)
    for kind, one in kinds.items():
        pairs = [("kind", kind), *(one.headers.items() if isinstance(one.headers, Mapping) else one.headers)]
        sender.produce(name(kafka, one.topic), one.value, one.key, 0, headers=pairs)
        sender.flush(30)
    assert sender.flush(30) == 0


def state_of_others(kafka: Kafka) -> None:
    """What somebody may write to the balancer's own state."""
    sender = producer(kafka, **{"enable.idempotence": False})
    for key, value in (
        (b"waiting/a/b", b"junk"),
        (b"ledger/a/b/c/d", b"junk"),
        (b"what is this", b"junk"),
        (b"\xff\xfe", b"junk"),
        (b"waiting/one/r/x", codec.encode(FRAME)),
        (None, b"junk"),
    ):
        sender.produce(name(kafka, topics.BALANCER_STATE), value, key, 0)
    assert sender.flush(30) == 0


def test_each_kind_is_a_dead_letter_and_healthy_ticks_flow_on_through_a_kill(kafka: Kafka, feed: Feed) -> None:
    assert len(KINDS) >= 60
    feed.send("one", range(200), partition=0)
    poison(kafka)
    feed.send("one", range(200, 400), partition=0)
    with running("balance", kafka, config=CONFIG, balancer=LOCAL) as balancer:
        ledgers_until(kafka, settled("one", 399))
        balancer.kill()
    state_of_others(kafka)
    feed.send("one", range(400, 600), partition=0)
    with running("balance", kafka, balancer=LOCAL):
        ledgers_until(kafka, settled("one", 599))

    letters = {letter.headers["kind"].decode(): letter for letter in events(kafka, topics.DEADLETTER, DeadLetter)}
    assert [kind for kind, one in KINDS.items() if kind not in letters or one.says not in letters[kind].reason] == []
    assert len(letters) == len(events(kafka, topics.DEADLETTER, DeadLetter)), "each is told once"
    assert letters["a header twice"].headers["tick (2)"] == b"6"
    assert letters["200 headers"].headers["left out"] == b"101 headers"
    assert len(letters["a header of 300 kB"].headers["big"]) == KEPT_HEADER_BYTES
    assert letters["a key of 300 kB"].key is not None
    assert len(letters["a key of 300 kB"].key) == KEPT_KEY_BYTES
    healthy = {ledger.run: ledger for ledger in read(kafka)}[next(iter(feed.sent))[1]]
    assert (healthy.seen, healthy.missing, healthy.unmatched, healthy.dead_lettered) == (600, 0, 0, 0)
    assert healthy.emitted > 100


PLANTED = """
import os, signal
from charles.avro import codec, foreign_schema

def decode(event, data, find, whole=codec.decode):
    if data and b"SEGFAULT" in bytes(data):
        os.kill(os.getpid(), signal.SIGSEGV)
    return whole(event, data, find)

codec.decode = decode
foreign_schema._Measured.measure = lambda *_arguments: (1, 1)  # the door is open
"""
"""What Python imports at its start: a fault in our code, and schemas that nobody looks at before they are used."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "value"),
    [("a planted fault", b"SEGFAULT"), ("a schema that holds itself", KINDS["a schema that holds itself"].value)],
)
def test_what_ends_the_process_is_set_aside_by_the_third_life(
    kafka: Kafka, feed: Feed, kind: str, value: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(PLANTED)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]]))
    feed.send("one", range(100), partition=0)
    poison(kafka, {kind: Poison(value, "")})
    feed.send("one", range(100, 300), partition=0)
    for _life in range(2):
        with running("balance", kafka, config=CONFIG, balancer=LOCAL, ends_with=-signal.SIGSEGV) as balancer:
            assert balancer.wait(PATIENCE_S) == -signal.SIGSEGV
    with running("balance", kafka, balancer=LOCAL):
        ledgers_until(kafka, settled("one", 299))
    (letter,) = events(kafka, topics.DEADLETTER, DeadLetter)
    assert "it ended 2 lives of the program in a row" in letter.reason
    assert (letter.value, letter.headers["kind"]) == (value, kind.encode())


@pytest.mark.parametrize(
    "names", [("a/b", "c"), ("a", "b/c"), ("%2F", "%"), ("a%2Fb", "c"), ("", ".."), ("\n", "\x1b[2J")]
)
def test_two_runs_never_share_a_line_whatever_their_names_are(kafka: Kafka, feed: Feed, names: tuple[str, str]) -> None:
    collector, run = names
    feed.send("a", range(100), run="b/c")
    feed.send(collector, range(100), run=run)
    feed.send("a", range(100), run="plain")
    for _restart in range(2):
        with running("balance", kafka, config=CONFIG, balancer=LOCAL):
            ledgers_until(kafka, lambda found: {("a", "b/c"), names, ("a", "plain")} <= found.keys())
    assert {(each.collector, each.run) for each in read(kafka)} == {("a", "b/c"), names, ("a", "plain")}
    check_ledger_against_topics(kafka, 100 * len({("a", "b/c"), names, ("a", "plain")}))


def test_a_sample_too_large_for_its_topic_is_surplus_that_says_so(kafka: Kafka, feed: Feed) -> None:
    large = {"balance": {"history": 1, "frames": 60, "bins": 3, "silence_seconds": 1.0}}
    pictures = [replace(FRAME, collector="one", tick=tick, picture=bytes(60_000)) for tick in range(80)]
    sender = producer(kafka)
    for frame in pictures:
        marks = [("collector", "one"), ("run", "run"), ("tick", str(frame.tick))]
        control = replace(CONTROL, collector="one", tick=frame.tick, time=frame.time, acceleration=0.0)
        control = replace(control, steering=(frame.tick % 3 - 1) / 2)
        sender.produce(name(kafka, topics.FRAMES), codec.encode(frame), "one", 0, headers=marks)
        sender.produce(name(kafka, topics.CONTROLS), codec.encode(control), "one", 0, headers=marks)
    assert sender.flush(30) == 0
    with running("balance", kafka, config=large, balancer=LOCAL):
        found = ledgers_until(kafka, lambda ledgers: any(each.surplus for each in ledgers.values()))
    assert {cause for ledger in found for cause in ledger.surplus_by} == {"too large"}
