"""Records of other runs: the same drives under new names, so that a moment's name is never given twice."""

from __future__ import annotations

import io
import secrets
from dataclasses import replace
from typing import Any, cast

import fastavro

from charles.avro import codec
from charles.avro.codec import AvroSchema
from charles.recordings.format.manifest import Manifest
from charles.recordings.format.record import Record
from charles.recordings.inspect.value_check import schema_name
from producers.replayer.plan import RUN_TOPICS

_NAMES = ("run", "set_id")
"""What an event says that must not be said twice: its run, and the set that it was emitted in."""

_OWN = {codec.own_fingerprint(topic.event): codec.schema(topic.event) for topic in RUN_TOPICS}


class RunRenaming:
    """Gives every run, and every set, its old name and the same suffix: in the value, in the header and in the key,
    wherever it stands. unread: values that could not be decoded, and kept the old name for those who might."""

    def __init__(self, manifest: Manifest, suffix: str | None = None) -> None:
        self.suffix = suffix or f"-r{secrets.token_hex(4)}"
        self.unread = 0
        self._manifest = manifest

    def __call__(self, record: Record) -> Record:
        """The record under its new names."""
        value, key = record.value, record.key
        names: list[str] = []
        if value is not None:
            value, names = self._renamed(value)
        run = record.header("run")
        if key is not None and key in {*(name.encode() for name in names), run}:
            key += self.suffix.encode()
        headers = tuple(
            (name, data + self.suffix.encode() if name == "run" and data is not None else data)
            for name, data in record.headers
        )
        return replace(record, key=key, value=value, headers=headers)

    def _renamed(self, value: bytes) -> tuple[bytes, list[str]]:
        """The value, and the names that it had before. One that cannot be decoded stays as it is."""
        try:
            return self._written_anew(value)
        except Exception:  # fastavro raises whatever its C code stumbled over
            self.unread += 1
            return value, []

    def _written_anew(self, value: bytes) -> tuple[bytes, list[str]]:
        name = schema_name(value)
        if name is None:
            raise ValueError("no schema is named")
        schema, start = self._schema(name), len(codec.SINGLE_OBJECT if len(name) == 8 else codec.CONFLUENT) + len(name)
        body = io.BytesIO(value)
        body.seek(start)
        event = cast(dict[str, Any], fastavro.schemaless_reader(body, schema, None))
        if body.tell() != len(value):
            raise ValueError("there are extra bytes after it")
        names = [event[field] for field in _NAMES if field in event]
        event |= {field: event[field] + self.suffix for field in _NAMES if field in event}
        out = io.BytesIO()
        out.write(value[:start])
        fastavro.schemaless_writer(out, schema, event)
        return out.getvalue(), names

    def _schema(self, name: bytes) -> AvroSchema:
        found = _OWN.get(name) or self._manifest.find_schema(name)
        if found is None:
            raise ValueError("its schema is unknown")
        return found
