"""Recorded records for code that reads topics: as a consumer would give them, and decoded without a broker."""

from __future__ import annotations

from typing import Any, NamedTuple

from charles.avro.codec import AvroSchema
from charles.kafka.schemas import SchemaStore
from charles.recordings.format.manifest import Manifest
from charles.recordings.format.record import Record
from charles.settings import Kafka


class RecordedSchemas(SchemaStore):
    """Decodes with the schemas that a recording holds, and asks nobody for others."""

    def __init__(self, manifest: Manifest) -> None:
        super().__init__(Kafka())
        self._manifest = manifest

    def find(self, name: bytes) -> AvroSchema | None:
        return self._manifest.find_schema(name)


class RecordedMessage(NamedTuple):
    """A record with its place, and the methods of a Message."""

    of_topic: str
    of_partition: int
    record: Record

    def topic(self) -> str:
        return self.of_topic

    def partition(self) -> int:
        return self.of_partition

    def offset(self) -> int:
        return self.record.offset

    def key(self) -> bytes | None:
        return self.record.key

    def value(self) -> bytes | None:
        return self.record.value

    def headers(self) -> Any:
        return list(self.record.headers)
