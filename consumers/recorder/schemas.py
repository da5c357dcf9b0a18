"""The schemas that recorded values name: found beside the loop, wherever they were told."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from confluent_kafka import KafkaException

from charles.codec import AvroSchema, Unreadable
from charles.recordings.manifest import schema_key
from charles.recordings.values import schema_name
from charles.registry import Registry, RegistryError
from charles.settings import Kafka

log = logging.getLogger(__name__)

_MOST = 1_000
"""Values that are no Avro at all may seem to name another schema each."""


class Schemas:
    """recorded: what is in the manifest already, by schema_key."""

    def __init__(self, kafka: Kafka, recorded: Iterable[str]) -> None:
        self._registry = Registry(kafka)
        self._recorded = set(recorded)
        self._seen: set[bytes] = set()
        self._wanted: dict[bytes, None] = {}
        self._told: set[bytes] = set()
        self._worker = ThreadPoolExecutor(1, "schemas")
        self._asked: tuple[bytes, Future[AvroSchema | None]] | None = None

    def see(self, value: bytes | None) -> None:
        """Look at what a value names."""
        if value and (name := schema_name(value)) is not None and name not in self._seen and len(self._seen) < _MOST:
            self._seen.add(name)
            if schema_key(name) not in self._recorded:
                self._wanted[name] = None

    def found(self, wait_s: float = 0.0) -> tuple[bytes, AvroSchema] | None:
        """One that was looked up since; waits up to wait_s for it. What could not be looked up is tried again."""
        if self._asked is None:
            name = next(iter(self._wanted), None)
            if name is None:
                return None
            self._asked = name, self._worker.submit(self._registry.find, name)
        name, future = self._asked
        if not future.done() and not wait_s:
            return None
        self._asked = None
        self._wanted.pop(name)
        try:
            schema = future.result(wait_s or None)
        except (TimeoutError, KafkaException, RegistryError, Unreadable) as problem:
            self._later(name, str(problem))
            return None
        if schema is None:
            self._later(name, "nobody told it")
            return None
        return name, schema

    def close(self) -> None:
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _later(self, name: bytes, reason: str) -> None:
        self._wanted[name] = None
        if name not in self._told:
            self._told.add(name)
            log.warning("the schema %s is not recorded yet: %s", schema_key(name), reason)
