"""Where schemas are told and looked up: the topic `schemas`, or a schema registry when one is configured."""

from __future__ import annotations

import json
import time
from typing import Any, TypeVar

import fastavro
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from charles import codec, topics
from charles.codec import AvroSchema
from charles.settings import Kafka

EventT = TypeVar("EventT")

_LOOK_AGAIN_S = 10.0


class Registry:
    """Encodes and decodes events and knows every schema that anybody announced."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._known: dict[bytes, AvroSchema] = {}
        self._looked: dict[bytes, float] = {}
        self._headers: dict[type, bytes] = {}
        self._client: Any = None

    def announce(self, *events: type) -> None:
        """Tell the schemas of these events to everybody; returns when they are acknowledged.

        Raises TimeoutError where that takes more than 30 s, and KafkaException where the cluster refuses them.
        """
        if self._kafka.schema_registry_url or not events:
            return  # a schema registry is told in encode(), which knows the topic
        from charles.kafka import name, producer

        refused: list[KafkaError] = []
        # Telling twice does no harm in a compacted topic, and an idempotent producer begins half a second later.
        teller = producer(self._kafka, **{"enable.idempotence": False})
        for event in events:
            teller.produce(
                name(self._kafka, topics.SCHEMAS),
                key=codec.own_fingerprint(event).hex(),
                value=_as_json(codec.schema(event)),
                on_delivery=lambda error, _: refused.append(error) if error else None,
            )
        if teller.flush(30):
            raise TimeoutError(f"the schemas could not be told to {self._kafka.bootstrap_servers} within 30 s")
        if refused:
            raise KafkaException(refused[0])

    def encode(self, event: Any, topic: str) -> bytes:
        """An event as bytes, in the configured framing."""
        if not self._kafka.schema_registry_url:
            return codec.encode(event)
        kind = type(event)
        if kind not in self._headers:
            from confluent_kafka.schema_registry import Schema

            text = _as_json(codec.schema(kind)).decode()
            number = self._schema_registry().register_schema(f"{topic}-value", Schema(text, "AVRO"))
            self._headers[kind] = codec.CONFLUENT + int(number).to_bytes(4, "big")
        return codec.encode(event, self._headers[kind])

    def decode(self, event: type[EventT], data: bytes | None) -> EventT:
        """Bytes of either framing as an event. Raises codec.Unreadable."""
        return codec.decode(event, data, self._find)

    def _find(self, name: bytes) -> AvroSchema | None:
        """The schema of this fingerprint or registry id. A look costs a read of the topic: an unknown name is looked up
        again only after a while, so that a flood of strange records does not become a flood of look-ups."""
        if name not in self._known and time.monotonic() >= self._looked.get(name, 0.0):
            self._looked[name] = time.monotonic() + _LOOK_AGAIN_S
            if len(name) == 4:
                self._ask_schema_registry(name)
            else:
                self._read_topic()
        return self._known.get(name)

    def _read_topic(self) -> None:
        from charles.kafka import consumer, name

        reader = consumer(self._kafka, "schemas-lookup", **{"enable.partition.eof": True, "fetch.wait.max.ms": 20})
        try:
            reader.assign([TopicPartition(name(self._kafka, topics.SCHEMAS), 0, 0)])
            while (message := reader.poll(5.0)) is not None and message.error() is None:
                try:
                    found = fastavro.parse_schema(json.loads(message.value() or b"null"))
                    self._known[codec.crc64(found)] = found
                except (ValueError, TypeError, fastavro.schema.SchemaParseException, fastavro.schema.UnknownType):
                    continue  # not a schema: whoever needs it will find it unknown
        finally:
            reader.close()

    def _ask_schema_registry(self, name: bytes) -> None:
        if not self._kafka.schema_registry_url:
            raise codec.Unreadable("it was written with a schema registry; set kafka.schema_registry_url to read it")
        from confluent_kafka.schema_registry.error import SchemaRegistryError

        try:
            found = self._schema_registry().get_schema(int.from_bytes(name, "big"))
        except SchemaRegistryError:
            return
        self._known[name] = fastavro.parse_schema(json.loads(found.schema_str))

    def _schema_registry(self) -> Any:
        if self._client is None:
            from confluent_kafka.schema_registry import SchemaRegistryClient

            self._client = SchemaRegistryClient({"url": self._kafka.schema_registry_url})
        return self._client


def _as_json(schema: AvroSchema) -> bytes:
    """The schema as its author wrote it, without the marks that fastavro's parser leaves."""
    return json.dumps({key: value for key, value in schema.items() if not key.startswith("__")}).encode()
