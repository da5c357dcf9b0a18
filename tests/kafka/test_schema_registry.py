"""Confluent framing, against a real schema registry and a real broker."""

from __future__ import annotations

import json
import logging
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from charles import topics
from charles.avro import codec
from charles.avro.codec import Unreadable
from charles.events import Checkpoint, Frame, RunLedger, Span, Waiting, now
from charles.kafka.clients import name
from charles.kafka.publisher import Publisher
from charles.kafka.schemas import SchemaRegistryFailure, SchemaStore
from charles.settings import ConfigError, Kafka, load
from charles.topics import Topic
from infra.kafka.ports import LOOPBACK
from tests import schema_registry
from tests.kafka_tools import events, read_all
from tests.ports import free_port

pytestmark = pytest.mark.slow

FRAME = Frame("c", "r", 1, now(), b"jpeg", 4, 3, 0, 0)
WAITING = Waiting(b"sample", [1, 2])
LEDGER = RunLedger("c", "r", now(), 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, [], [], [], [], [], [], -1, [])
CHECKPOINT = Checkpoint(
    "m",
    "l",
    "full",
    1,
    "a",
    "x",
    4,
    3,
    now(),
    0,
    1,
    1,
    "0",
    "c",
    [Span("c", "r", 1, 2, 3), Span("c", "s", 1, 2, 3)],
    [],
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A schema registry that, as Confluent's does unless told otherwise, refuses what breaks readers."""
    with schema_registry.running() as url:
        SchemaRegistryClient({"url": url}).set_compatibility(level="BACKWARD")
        yield url


@pytest.fixture(autouse=True)
def _directly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is nothing for a proxy of the environment."""
    monkeypatch.setenv("NO_PROXY", LOOPBACK)


@pytest.fixture
def with_url(kafka: Kafka, url: str) -> Kafka:
    return kafka.model_copy(update={"schema_registry_url": url})


@pytest.fixture
def door(url: str) -> Iterator[ThreadingHTTPServer]:
    """What stands before the schema registry: 503 to everything until its `is_open` is set; counts in `asked`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            door.asked += 1  # type: ignore[attr-defined]
            if not door.is_open:  # type: ignore[attr-defined]
                self.send_error(503)
                return
            with urllib.request.urlopen(url.removesuffix("/apis/ccompat/v7") + self.path, timeout=10) as answer:  # noqa: S310
                body = answer.read()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing: pytest shows what matters."""

    door = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    door.is_open, door.asked = False, 0  # type: ignore[attr-defined]
    thread = threading.Thread(target=door.serve_forever, args=(0.01,))
    thread.start()
    yield door
    door.shutdown()
    thread.join()
    door.server_close()


def write(kafka: Kafka, topic: Topic, *written: Any) -> None:
    publisher = Publisher(kafka, *{type(event) for event in written})
    for event in written:
        publisher.send(topic, event, "key")
    assert publisher.flush() == 0


def subject(kafka: Kafka) -> str:
    return f"{name(kafka, topics.FRAMES)}-charles.Frame"


def test_events_are_written_and_read_in_confluents_framing(with_url: Kafka, url: str) -> None:
    write(with_url, topics.FRAMES, FRAME)
    (message,) = read_all(with_url, topics.FRAMES)
    value = message.value()
    assert value is not None
    number = SchemaRegistryClient({"url": url}).get_latest_version(subject(with_url)).schema_id
    assert number is not None
    assert value[:5] == b"\x00" + number.to_bytes(4, "big")
    assert SchemaStore(with_url).decode(Frame, value) == FRAME


@pytest.mark.parametrize(("topic", "event"), [(topics.FRAMES, FRAME), (topics.MODELS, CHECKPOINT)])
def test_confluents_own_deserializer_reads_them(with_url: Kafka, url: str, topic: Topic, event: Any) -> None:
    write(with_url, topic, event)
    (message,) = read_all(with_url, topic)
    context = SerializationContext(name(with_url, topic), MessageField.VALUE)
    found = AvroDeserializer(SchemaRegistryClient({"url": url}))(message.value(), context)
    assert found is not None
    assert found["time"] == event.time
    if isinstance(event, Checkpoint):
        assert [Span(**span) for span in found["spans"]] == event.spans
    else:
        assert found["picture"] == event.picture


def test_every_schema_of_ours_is_accepted_also_two_in_one_topic(with_url: Kafka) -> None:
    write(with_url, topics.BALANCER_STATE, LEDGER, WAITING, LEDGER)
    registry = SchemaStore(with_url)
    messages = read_all(with_url, topics.BALANCER_STATE)
    kinds: tuple[type[Any], ...] = (RunLedger, Waiting, RunLedger)
    read = [registry.decode(kind, message.value()) for kind, message in zip(kinds, messages, strict=True)]
    assert read == [LEDGER, WAITING, LEDGER]


def test_a_reader_without_the_setting_says_what_is_missing_however_often(with_url: Kafka, kafka: Kafka) -> None:
    write(with_url, topics.FRAMES, FRAME)
    (message,) = read_all(kafka, topics.FRAMES)
    registry = SchemaStore(kafka)
    for _ in range(2):
        with pytest.raises(Unreadable, match=r"set kafka\.schema_registry_url to read it"):
            registry.decode(Frame, message.value())


def test_a_reader_with_the_setting_reads_what_was_written_without_it(with_url: Kafka, kafka: Kafka) -> None:
    write(kafka, topics.FRAMES, FRAME)
    write(with_url, topics.FRAMES, FRAME)
    assert events(with_url, topics.FRAMES, Frame) == [FRAME, FRAME]


def test_a_newer_writers_record_is_resolved_to_our_schema(with_url: Kafka, url: str) -> None:
    fields = [*codec.schema(Frame)["fields"], {"name": "exposure", "type": "double", "default": 0.0}]
    newer = {"type": "record", "name": "charles.Frame", "fields": fields}
    number = SchemaRegistryClient({"url": url}).register_schema("newer", Schema(json.dumps(newer), "AVRO"))
    record = codec.encode(FRAME, b"\x00" + number.to_bytes(4, "big")) + b"\x00" * 8  # a double at its end
    assert SchemaStore(with_url).decode(Frame, record) == FRAME


def test_an_incompatible_schema_is_refused_with_the_topic_and_the_reason(with_url: Kafka, url: str) -> None:
    stranger = {
        "type": "record",
        "name": "charles.Frame",
        "fields": [{"name": "tick", "type": "string"}],
    }
    SchemaRegistryClient({"url": url}).register_schema(subject(with_url), Schema(json.dumps(stranger), "AVRO"))
    with pytest.raises(SchemaRegistryFailure) as refused:
        write(with_url, topics.FRAMES, FRAME)
    said = str(refused.value)
    assert said.startswith(f"cannot register the schema Frame for the topic {name(with_url, topics.FRAMES)}: ")
    assert "409" in said
    assert "incompatib" in said.lower()
    assert "\n" not in said
    assert read_all(with_url, topics.FRAMES) == []


@pytest.mark.parametrize("number", [0, 4_000_000, 2**31 - 1, 2**31, 2**32 - 1])
def test_an_unknown_id_is_unreadable(with_url: Kafka, number: int) -> None:
    with pytest.raises(Unreadable, match=f"unknown schema {number:08x}"):
        SchemaStore(with_url).decode(Frame, codec.encode(FRAME, b"\x00" + number.to_bytes(4, "big")))


def test_what_is_not_avro_is_unreadable(with_url: Kafka, url: str) -> None:
    proto = 'syntax = "proto3"; message Frame { string collector = 1; }'
    number = SchemaRegistryClient({"url": url}).register_schema("proto", Schema(proto, "PROTOBUF"))
    with pytest.raises(Unreadable, match="unknown schema"):
        SchemaStore(with_url).decode(Frame, codec.encode(FRAME, b"\x00" + number.to_bytes(4, "big")))


def test_a_good_record_is_read_once_the_schema_registry_answers_again(
    with_url: Kafka, door: ThreadingHTTPServer
) -> None:
    data = SchemaStore(with_url).encode(FRAME, name(with_url, topics.FRAMES))
    through = f"http://{LOOPBACK}:{door.server_port}/apis/ccompat/v7"
    registry = SchemaStore(with_url.model_copy(update={"schema_registry_url": through}))
    with pytest.raises(SchemaRegistryFailure, match=r"cannot look up the schema .* 503"):
        registry.decode(Frame, data)
    door.is_open, door.asked = True, 0  # type: ignore[attr-defined]
    for _ in range(1000):
        assert registry.decode(Frame, data) == FRAME
    assert door.asked == 1  # type: ignore[attr-defined]


def test_a_wrong_url_is_not_taken_for_an_unknown_schema(with_url: Kafka, url: str) -> None:
    wrong = with_url.model_copy(update={"schema_registry_url": url.removesuffix("/v7")})
    data = SchemaStore(with_url).encode(FRAME, name(with_url, topics.FRAMES))
    with pytest.raises(SchemaRegistryFailure, match="404"):
        SchemaStore(wrong).decode(Frame, data)


def test_where_no_schema_registry_listens_reading_and_writing_say_so_in_one_line() -> None:
    away = SchemaStore(Kafka(schema_registry_url=f"http://{LOOPBACK}:{free_port()}"))
    with pytest.raises(
        SchemaRegistryFailure, match=r"Frame for the topic t: no answer from kafka\.schema_registry_url: .+"
    ):
        away.encode(FRAME, "t")
    for _ in range(2):
        with pytest.raises(SchemaRegistryFailure, match=r"schema 7: no answer from kafka\.schema_registry_url: .+"):
            away.decode(Frame, codec.encode(FRAME, b"\x00\x00\x00\x00\x07"))


def test_no_password_of_the_url_reaches_errors_or_logs(
    with_url: Kafka, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    secret = with_url.model_copy(update={"schema_registry_url": url.replace("://", "://me:secret@")})
    data = SchemaStore(secret).encode(FRAME, name(with_url, topics.FRAMES))
    assert SchemaStore(secret).decode(Frame, data) == FRAME
    assert "secret" not in caplog.text
    with pytest.raises(ConfigError, match=r"kafka\.schema_registry_url") as refused:
        load(kafka={"schema_registry_url": "me:secret@example"})
    assert "secret" not in str(refused.value)
