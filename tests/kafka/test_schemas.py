"""Schemas through the topic, between registries that know nothing of each other."""

from __future__ import annotations

import json
import time
from typing import Any

import fastavro
import pytest

from charles import topics
from charles.avro import codec
from charles.avro.codec import SchemaUnavailable, Unreadable
from charles.events import Frame, now
from charles.kafka.clients import name, producer
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka
from tests.kafka_tools import read_all
from tests.ports import free_port

FRAME = Frame("c", "r", 1, now(), b"jpeg", 4, 3, 0, 0)


def a_newer_frame() -> tuple[dict[str, Any], bytes]:
    """A schema that this code does not know, as its author wrote it, and a record of it."""
    import io

    own = codec.schema(Frame)
    fields = [*own["fields"], {"name": "exposure", "type": "double", "doc": "Of the camera.", "unit": "s"}]
    written = {"type": "record", "name": "charles.Frame", "fields": fields}
    parsed = fastavro.parse_schema(written)
    out = io.BytesIO()
    out.write(codec.SINGLE_OBJECT + codec.crc64(parsed))
    values = {field: getattr(FRAME, field) for field in Frame.__dataclass_fields__}
    fastavro.schemaless_writer(out, parsed, values | {"exposure": 0.01})
    return written, out.getvalue()


def announce(kafka: Kafka, schema: dict[str, Any]) -> None:
    teller = producer(kafka, **{"enable.idempotence": False})
    key = codec.crc64(fastavro.parse_schema(schema)).hex()
    teller.produce(name(kafka, topics.SCHEMAS), key=key, value=json.dumps(schema).encode())
    teller.produce(name(kafka, topics.SCHEMAS), key="junk", value=b"no schema")
    assert teller.flush(10) == 0


def test_a_schema_is_announced_under_its_fingerprint_as_anybody_can_read_it(kafka: Kafka) -> None:
    SchemaStore(kafka).announce(Frame)
    (message,) = read_all(kafka, topics.SCHEMAS)
    value = message.value()
    assert value is not None
    assert message.key() == codec.own_fingerprint(Frame).hex().encode()
    assert codec.crc64(fastavro.parse_schema(json.loads(value))) == codec.own_fingerprint(Frame)
    assert "unit" in json.loads(value)["fields"][0]


def test_a_schema_that_a_newer_writer_announced_is_found_in_the_topic(kafka: Kafka) -> None:
    schema, data = a_newer_frame()
    announce(kafka, schema)
    assert SchemaStore(kafka).decode(Frame, data) == FRAME


def test_an_unknown_schema_is_unreadable_and_a_flood_of_it_costs_one_look(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema, data = a_newer_frame()
    registry = SchemaStore(kafka)
    with pytest.raises(Unreadable, match="unknown schema"):
        registry.decode(Frame, data)
    began = time.monotonic()
    for _ in range(1000):
        with pytest.raises(Unreadable):
            registry.decode(Frame, data)
    assert time.monotonic() - began < 1

    announce(kafka, schema)
    monkeypatch.setattr("charles.kafka.schemas.time.monotonic", lambda: began + 60)
    assert registry.decode(Frame, data) == FRAME


def test_a_registry_id_without_a_schema_registry_says_what_is_missing(kafka: Kafka) -> None:
    data = codec.encode(FRAME, b"\x00\x00\x00\x00\x07")
    with pytest.raises(Unreadable, match=r"kafka\.schema_registry_url"):
        SchemaStore(kafka).decode(Frame, data)


def test_a_broker_that_is_away_makes_no_record_unreadable() -> None:
    _, data = a_newer_frame()
    registry = SchemaStore(Kafka(bootstrap_servers=f"127.0.0.1:{free_port()}"))
    with pytest.raises(SchemaUnavailable, match=r"charles\.schemas cannot be read"):
        registry.decode(Frame, data)
