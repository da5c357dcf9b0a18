"""Where schemas are published and looked up: the topic `schemas`, or a schema registry if one is configured."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from charles import topics
from charles.avro import codec, foreign_schema
from charles.avro.codec import AvroSchema, SchemaUnavailable
from charles.avro.foreign_schema import NoSchema
from charles.kafka import errors
from charles.kafka.clients import consumer, name, producer
from charles.kafka.reading import OffsetSpan, read_spans
from charles.settings import Kafka

EventT = TypeVar("EventT")

_LOOK_AGAIN_S = 10.0
_ANSWER_S = 10.0
_SCHEMA_NOT_FOUND = 40403
_LAST_ID = 2**31 - 1  # schema registries count in Java's int; some choke on more


class SchemaRegistryFailure(SchemaUnavailable):
    """The schema registry refuses, or does not answer; the message is one line and says which.

    It says nothing about a record: one whose schema could not be looked up may be readable, so it is not a dead letter.
    """


class SchemaStore:
    """Encodes and decodes events and knows every announced schema."""

    def __init__(self, kafka: Kafka, patience_s: float = _ANSWER_S) -> None:
        """patience_s: how long a look-up waits for an answer."""
        self._patience_s = patience_s
        self._kafka = kafka
        self._known: dict[bytes, AvroSchema] = {}
        self._looked: dict[bytes, float] = {}
        self._position = 0
        self._reader: Consumer | None = None
        self._headers: dict[tuple[type, str], bytes] = {}
        self._client: Any = None

    def announce(self, *events: type) -> None:
        """Publish the schemas of these events; returns when they are acknowledged.

        Raises TimeoutError where that takes more than 30 s, AccessRefused where this user may not, and KafkaException
        where the cluster refuses them.
        """
        if self._kafka.schema_registry_url or not events:
            return  # a schema registry is told in encode(), which knows the topic
        refused: list[KafkaError] = []
        # Telling twice does no harm in a compacted topic, and an idempotent producer begins half a second later.
        teller = producer(self._kafka, **{"enable.idempotence": False})
        for event in events:
            key, value = announcement(event)
            teller.produce(
                name(self._kafka, topics.SCHEMAS),
                key=key,
                value=value,
                on_delivery=lambda error, _: refused.append(error) if error else None,
            )
        if teller.flush(30):
            raise TimeoutError(f"the schemas could not be published to {self._kafka.bootstrap_servers} within 30 s")
        if refused:
            raise errors.asking(KafkaException(refused[0]), f"write to {name(self._kafka, topics.SCHEMAS)}")

    def encode(self, event: Any, topic: str) -> bytes:
        """An event as bytes, in the configured framing. Raises SchemaRegistryFailure."""
        if not self._kafka.schema_registry_url:
            return codec.encode(event)
        kind = type(event)
        if (kind, topic) not in self._headers:
            self._headers[kind, topic] = codec.CONFLUENT + self._register(kind, topic).to_bytes(4, "big")
        return codec.encode(event, self._headers[kind, topic])

    def decode(self, event: type[EventT], data: bytes | memoryview | None) -> EventT:
        """Bytes of either framing as an event.

        Raises codec.Unreadable, and SchemaUnavailable where nobody could be asked for the schema, such as
        SchemaRegistryFailure; AccessRefused where this user may not read the topic.
        """
        return codec.decode(event, data, self.find)

    def find(self, name: bytes) -> AvroSchema | None:
        """The schema of this fingerprint or registry id. A look-up reads the topic, so an unknown name is looked up
        again only after a while; otherwise a flood of foreign records would cause a flood of look-ups."""
        if name not in self._known and time.monotonic() >= self._looked.get(name, 0.0):
            if len(name) == 4:
                self._ask_schema_registry(name)
            else:
                self._read_topic()
            # Noted after a look that was answered: whoever could not be asked is asked again by the next record.
            self._looked[name] = time.monotonic() + _LOOK_AGAIN_S
        return self._known.get(name)

    def _read_topic(self) -> None:
        """What was written since the last look: hundreds of unknown names shall not take a second."""
        full = name(self._kafka, topics.SCHEMAS)
        if self._reader is None:
            soon = {"enable.partition.eof": True, "fetch.wait.max.ms": 20}
            self._reader = consumer(self._kafka, "schemas-reader", **soon)
        reader = self._reader
        try:
            first, end = reader.get_watermark_offsets(TopicPartition(full, 0), timeout=self._patience_s) or _silent(
                full
            )
            start = max(self._position, first) if self._position <= end else first  # else it is another topic now
            for message in read_spans(reader, full, {0: OffsetSpan(start, end)}, self._patience_s):
                with suppress(NoSchema):
                    found = foreign_schema.parse(message.value())
                    self._known[codec.crc64(found)] = found
            reader.unassign()
            self._position = end
        except (TimeoutError, KafkaException) as error:
            raise SchemaUnavailable(f"{full} cannot be read: {error}") from error

    def _register(self, kind: type, topic: str) -> int:
        """The id of an event's schema in the schema registry; registers it if it is unknown there."""
        from confluent_kafka.schema_registry import Schema

        schema = codec.schema(kind)
        # Topic and record in one subject ("TopicRecordNameStrategy"): balancer-state holds records of two kinds.
        subject = f"{topic}-{schema['name']}"
        text = _as_json(schema).decode()
        client = self._schema_registry()
        with _clear_errors(f"cannot register the schema {kind.__name__} for the topic {topic}"):
            return int(client.register_schema(subject, Schema(text, "AVRO")))

    def _ask_schema_registry(self, name: bytes) -> None:
        if not self._kafka.schema_registry_url:
            raise codec.Unreadable("it was written with a schema registry; set kafka.schema_registry_url to read it")
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        number = int.from_bytes(name, "big")
        if number > _LAST_ID:
            return
        client = self._schema_registry()
        with _clear_errors(f"cannot look up the schema {number}"):
            try:
                found = client.get_schema(number)
            except SchemaRegistryError as error:
                if error.error_code == _SCHEMA_NOT_FOUND:
                    return
                raise
        with suppress(NoSchema):
            self._known[name] = foreign_schema.parse(found.schema_str)

    def _schema_registry(self) -> Any:
        if self._client is None:
            from confluent_kafka.schema_registry import SchemaRegistryClient

            for library in ("httpx", "httpx2"):  # whichever the client uses logs every URL, with the password in it
                logging.getLogger(library).setLevel(logging.WARNING)
            # The client's own default is to wait for ever.
            self._client = SchemaRegistryClient({"url": self._kafka.schema_registry_url, "timeout": self._patience_s})
        return self._client


def _silent(full: str) -> NoReturn:
    raise TimeoutError(f"nobody says where {full} ends")


def announcement(event: type) -> tuple[str, bytes]:
    """The record of an event's schema on the topic `schemas`: key and value."""
    return codec.own_fingerprint(event).hex(), _as_json(codec.schema(event))


@contextmanager
def _clear_errors(what: str) -> Iterator[None]:
    """Turns any exception of the schema registry's client into a SchemaRegistryFailure of one line."""
    from confluent_kafka.schema_registry.error import SchemaRegistryError

    try:
        yield
    except SchemaRegistryError as error:
        raise SchemaRegistryFailure(f"{what}: the schema registry says: {' '.join(str(error).split())}") from error
    except Exception as error:  # its HTTP library, httpx or httpx2, raises what has no base in common with it
        reason = " ".join(str(error).split()) or type(error).__name__
        raise SchemaRegistryFailure(f"{what}: no answer from kafka.schema_registry_url: {reason}") from error


def _as_json(schema: AvroSchema) -> bytes:
    """The schema as its author wrote it, without the markers that fastavro's parser adds."""
    return json.dumps({key: value for key, value in schema.items() if not key.startswith("__")}).encode()
