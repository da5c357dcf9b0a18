"""The schemas that recorded values name: looked up beside the loop, wherever they were told."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from confluent_kafka import KafkaException

from charles.avro.codec import AvroSchema, SchemaUnavailable, Unreadable
from charles.kafka.schemas import SchemaStore
from charles.recordings.format.manifest import schema_key
from charles.recordings.inspect.value_check import schema_name
from charles.settings import Kafka

log = logging.getLogger(__name__)

_MOST_SCHEMAS = 1_000
"""Values that are no Avro at all may seem to name another schema each."""

Answer = AvroSchema | str
"""A schema, or why there is none."""


class SchemaCollector:
    """recorded: what is in the manifest already, by schema_key."""

    def __init__(self, kafka: Kafka, recorded: Iterable[str]) -> None:
        self._schemas = SchemaStore(kafka)
        self._recorded = set(recorded)
        self._seen: set[bytes] = set()
        self._wanted: set[bytes] = set()
        self._told: set[bytes] = set()
        self._worker = ThreadPoolExecutor(1, "schemas")
        self._asked: Future[dict[bytes, Answer]] | None = None

    def see(self, value: bytes | None) -> None:
        """Look at what a value names."""
        if (
            value
            and (name := schema_name(value)) is not None
            and name not in self._seen
            and len(self._seen) < _MOST_SCHEMAS
        ):
            self._seen.add(name)
            if schema_key(name) not in self._recorded:
                self._wanted.add(name)

    def found(self, wait_s: float = 0.0) -> dict[bytes, AvroSchema]:
        """Those that were looked up since, by the name in the framing; waits up to wait_s for them. What could not be
        looked up is tried again."""
        if self._asked is None and self._wanted:
            self._asked = self._worker.submit(self._look_up, frozenset(self._wanted))
        if self._asked is None or not (wait_s or self._asked.done()):
            return {}
        asked, self._asked = self._asked, None
        try:
            answers = asked.result(wait_s)
        except TimeoutError:
            answers = dict.fromkeys(self._wanted, "no answer came in time")
        found = {name: answer for name, answer in answers.items() if not isinstance(answer, str)}
        self._wanted -= found.keys()
        for name in answers.keys() - found.keys() - self._told:
            self._told.add(name)
            log.warning("the schema %s is not recorded yet: %s", schema_key(name), answers[name])
        return found

    def close(self) -> None:
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _look_up(self, names: Iterable[bytes]) -> dict[bytes, Answer]:
        return {name: self._answer(name) for name in names}

    def _answer(self, name: bytes) -> Answer:
        try:
            return self._schemas.find(name) or "it was never announced, or is none that can be read by"
        except (TimeoutError, KafkaException, SchemaUnavailable, Unreadable) as problem:
            return str(problem)
