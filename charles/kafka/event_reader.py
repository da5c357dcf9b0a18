"""Reading the events of a topic from its start to its present end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TypeVar

from charles.avro.codec import Unreadable
from charles.kafka.clients import name
from charles.kafka.reading import read_to_end
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka
from charles.topics import Topic

EventT = TypeVar("EventT")

_SILENCE_S = 30.0


def events(kafka: Kafka, topic: Topic, event: type[EventT]) -> Iterator[EventT]:
    """Every readable event of a topic, from its start to its current end; partitions are interleaved.

    Unreadable records are skipped; the programs that process the topic dead-letter them. Raises KafkaException when the
    topic cannot be read, TimeoutError when nothing comes for 30 s.
    """
    schemas = SchemaStore(kafka)
    for message in read_to_end(kafka, name(kafka, topic), patience_s=_SILENCE_S):
        with contextlib.suppress(Unreadable):
            yield schemas.decode(event, message.value())
