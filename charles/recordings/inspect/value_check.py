"""Whether recorded values can be decoded as their events."""

from __future__ import annotations

from collections import Counter
from typing import get_args

from charles import events, topics
from charles.avro import codec
from charles.avro.codec import AvroSchema, Unreadable
from charles.recordings.format.manifest import Manifest, schema_key

_EVENTS: dict[str, type] = {event.__name__: event for event in get_args(events.Event)}
_OWN = {codec.own_fingerprint(event): codec.schema(event) for event in _EVENTS.values()}
_TABLE = {topic.name: topic.event for topic in topics.TOPICS}
_NAME = slice(2, 10)
_CONFLUENT_NAME = slice(1, 5)


class Values:
    """decoded: how many were; unknown: values of schemas that neither this version nor the manifest knows, by the
    schema's key. A tombstone is neither, nor is a value without a framing in a topic that is not in our table."""

    def __init__(self, manifest: Manifest) -> None:
        self.decoded = 0
        self.unknown: Counter[str] = Counter()
        self._manifest = manifest
        self._kinds: dict[bytes, type | None] = {}

    def check(self, topic: str, value: bytes | None) -> str | None:
        """What is wrong with a value of this topic, if anything."""
        of_topic = _TABLE.get(topic)
        if value is None or of_topic is dict:
            return None
        name = schema_name(value)
        if name is None:
            return None if of_topic is None else self._decode(of_topic, value)
        if name not in self._kinds:
            schema = self._find(name)
            called = schema.get("name", "") if isinstance(schema, dict) else ""
            self._kinds[name] = _EVENTS.get(str(called).rpartition(".")[2], dict) if schema else None
        kind = self._kinds[name]
        if kind is None:
            self.unknown[schema_key(name)] += 1
            return None
        return None if kind is dict else self._decode(kind, value)

    def _decode(self, event: type, value: bytes) -> str | None:
        try:
            codec.decode(event, value, self._find)
        except Unreadable as error:
            return str(error)
        self.decoded += 1
        return None

    def _find(self, name: bytes) -> AvroSchema | None:
        return _OWN.get(name) or self._manifest.find_schema(name)


def schema_name(value: bytes) -> bytes | None:
    """The name of the schema in a value's framing; None: it has none."""
    if value[:2] == codec.SINGLE_OBJECT:
        name = value[_NAME]
        return name if len(name) == 8 else None
    if value[:1] == codec.CONFLUENT:
        name = value[_CONFLUENT_NAME]
        return name if len(name) == 4 else None
    return None
