"""Reads the topic `deadletter`: the records that could not be used, why, and their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from confluent_kafka import KafkaException, Message, TopicPartition
from confluent_kafka.admin import OffsetSpec

from charles import topics
from charles.avro.codec import Unreadable
from charles.events import DeadLetter
from charles.kafka.clients import admin, name
from charles.kafka.dead_letters import NOWHERE, VARIES, dead_letter
from charles.kafka.reading import NoTopic, OffsetSpan, read_to_end, spans
from charles.kafka.schemas import SchemaStore
from charles.kafka.topic_admin import TIMEOUT_S, resolve
from charles.settings import Kafka

_PARTITION = 0


@dataclass(frozen=True, slots=True)
class LetterEntry:
    """A dead letter and its number, which is its offset in the topic."""

    number: int
    letter: DeadLetter


@dataclass(slots=True)
class LetterGroup:
    """Dead letters that differ only in numbers. reason: with N in place of numbers that differ; first, last: times of
    the first and the last one; newest: the number of the last one."""

    topic: str
    program: str
    reason: str
    count: int
    first: datetime
    last: datetime
    newest: int


class Original(NamedTuple):
    """A record's bytes. whole: whether these are all; where: in words, where they come from and why some are
    missing."""

    data: bytes
    whole: bool
    where: str


def span(kafka: Kafka, since: datetime | None = None) -> OffsetSpan:
    """The range of numbers of dead letters written at or after since; some numbers in it belong to transaction markers.
    A dead letter is written after the record was met.

    Raises KafkaException, TimeoutError.
    """
    place = TopicPartition(name(kafka, topics.DEADLETTER), _PARTITION)
    try:
        there = spans(kafka, place.topic)[_PARTITION]
    except NoTopic:
        return OffsetSpan(0, 0)
    if since is None:
        return there
    client = admin(kafka)
    asked = {place: OffsetSpec.for_timestamp(int(since.timestamp() * 1000))}
    found = int(resolve(client.list_offsets(asked, request_timeout=TIMEOUT_S))[place].offset)
    return OffsetSpan(there.end if found < 0 else found, there.end)


def starts(there: OffsetSpan, last: int) -> Iterator[int]:
    """Offsets to start reading from to find the last ones: near the end first, then further and further back."""
    back = last
    while back < there.end - there.first:
        yield there.end - back
        back *= 10
    yield there.first


def read(kafka: Kafka, start: int = 0) -> Iterator[LetterEntry]:
    """Every dead letter from a number on, oldest first.

    A dead letter that cannot be decoded itself is returned as a dead letter of this topic. Raises KafkaException,
    TimeoutError, SchemaRegistryFailure.
    """
    schemas = SchemaStore(kafka)
    with suppress(NoTopic):
        for message in read_to_end(kafka, name(kafka, topics.DEADLETTER), [_PARTITION], start):
            yield _entry(schemas, message)


def find(kafka: Kafka, number: int) -> LetterEntry | None:
    """The dead letter of this number, None where there is none. Raises as read() does."""
    try:
        message = _record(kafka, name(kafka, topics.DEADLETTER), _PARTITION, number)
    except NoTopic:
        return None
    return None if message is None else _entry(SchemaStore(kafka), message)


def groups(entries: Iterable[LetterEntry]) -> list[LetterGroup]:
    """The dead letters by topic, program and reason, the most frequent first."""
    found: dict[tuple[str, str, str], LetterGroup] = {}
    for number, letter in ((entry.number, entry.letter) for entry in entries):
        pattern = VARIES.sub("N", letter.reason)
        key = letter.topic, letter.program, pattern
        group = found.get(key)
        if group is None:
            found[key] = LetterGroup(*key[:2], letter.reason, 1, letter.time, letter.time, number)
            continue
        group.count += 1
        if group.reason != letter.reason:
            group.reason = pattern
        group.first = min(group.first, letter.time)
        if letter.time >= group.last:
            group.last, group.newest = letter.time, number
    return sorted(found.values(), key=lambda group: -group.count)


def whose(kafka: Kafka, letter: DeadLetter) -> dict[str, str | None]:
    """collector, run and tick, as far as the record's headers name them; in some topics the key is the collector."""
    told = {key: text(letter.headers[key]) if key in letter.headers else None for key in ("collector", "run", "tick")}
    topic = _table(kafka).get(letter.topic)
    if told["collector"] is None and letter.key is not None and topic is not None and topic.key == "collector":
        told["collector"] = text(letter.key)
    return told


def original(kafka: Kafka, letter: DeadLetter) -> Original:
    """The record's bytes; read from the source topic if the dead letter keeps only the first part and the record is
    still there."""
    if len(letter.value) == letter.size:
        return Original(letter.value, True, "from the dead letter, which keeps all bytes")
    gone = f"the dead letter keeps the first {len(letter.value):,} of {letter.size:,} bytes"
    if letter.offset == NOWHERE:
        return Original(letter.value, False, f"{gone}, and the record was never published")
    place = f"{letter.topic} {letter.partition}@{letter.offset}"
    try:
        message = _record(kafka, letter.topic, letter.partition, letter.offset)
    except (KafkaException, TimeoutError) as error:
        reason = error.args[0].str() if isinstance(error, KafkaException) else str(error)
        return Original(letter.value, False, f"{gone}, and {place} cannot be read: {reason}")
    if message is None:
        return Original(letter.value, False, f"{gone}, and {place} no longer exists")
    data = message.value() or b""
    if hashlib.sha256(data).hexdigest() != letter.sha256:
        return Original(letter.value, False, f"{gone}, and {place} now holds another record")
    return Original(data, True, f"read again from {place}")


def event(kafka: Kafka, letter: DeadLetter, data: bytes) -> Any:
    """The record, decoded with today's schemas and settings. Raises Unreadable."""
    topic = _table(kafka).get(letter.topic)
    if topic is None or topic is topics.SCHEMAS:
        raise Unreadable(f"{letter.topic} does not contain events")
    return SchemaStore(kafka).decode(topic.event, data)


def text(data: bytes) -> str:
    """Bytes as text, those that are no UTF-8 as \\xNN."""
    return data.decode(errors="backslashreplace")


def _entry(schemas: SchemaStore, message: Message) -> LetterEntry:
    number = message.offset() or 0
    try:
        return LetterEntry(number, schemas.decode(DeadLetter, message.value()))
    except Unreadable as problem:
        letter = dead_letter(message, f"this dead letter itself cannot be decoded: {problem}", "unknown")
        met = datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)
        return LetterEntry(number, replace(letter, time=met))


def _record(kafka: Kafka, full: str, partition: int, offset: int) -> Message | None:
    """The record at an offset; None where there is none."""
    for message in read_to_end(kafka, full, [partition], offset):
        return message if message.offset() == offset else None
    return None


def _table(kafka: Kafka) -> dict[str, topics.Topic]:
    """The table's topics by their full names."""
    return {name(kafka, topic): topic for topic in topics.TOPICS}
