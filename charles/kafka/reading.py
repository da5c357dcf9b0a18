"""Reading a topic from somewhere to its present end."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from charles.kafka.clients import AWAY, consumer, is_end
from charles.kafka.errors import asking
from charles.settings import Kafka

_PATIENCE_S = 10.0
_NO_LEADER = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError._UNKNOWN_PARTITION)


class NoTopic(KafkaException):
    """There is no such topic; the message says which, and what to do."""

    def __init__(self, full: str) -> None:
        reason = f"there is no topic {full}; `charles topics` creates those of the table"
        super().__init__(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, reason))


@dataclass(frozen=True, slots=True)
class OffsetSpan:
    """The offsets that a partition holds: from first up to end, which is not included; equal when it is empty.

    end is where the oldest open transaction begins. Some offsets between them hold no record: the marks of transactions
    and what was aborted or compacted away.
    """

    first: int
    end: int


def spans(kafka: Kafka, full: str, patience_s: float = _PATIENCE_S) -> dict[int, OffsetSpan]:
    """What each partition of a topic holds now. full: its name with the prefix.

    Raises NoTopic, KafkaException when the topic cannot be read, TimeoutError when the cluster does not answer.
    """
    reader = consumer(kafka, "reader")
    try:
        return _spans(reader, kafka, full, patience_s)
    finally:
        reader.close()


def read_to_end(
    kafka: Kafka,
    full: str,
    partitions: Collection[int] | None = None,
    start: int = 0,
    patience_s: float = _PATIENCE_S,
) -> Iterator[Message]:
    """Every committed record of a topic, from the offset start to its present end, each partition's in their order.

    full: the topic's name with the prefix; partitions: all of them when None. The end is where it is at the first step,
    so that reading a topic that is written to all the time comes to an end too. Raises what spans() raises, and
    TimeoutError also when nothing more comes for patience_s.
    """
    # The end of a partition is told when a fetch comes back empty: soon, not after half a second.
    reader = consumer(kafka, "reader", **{"enable.partition.eof": True, "fetch.wait.max.ms": 20})
    try:
        ends = {
            partition: span.end
            for partition, span in _spans(reader, kafka, full, patience_s).items()
            if max(span.first, start) < span.end and (partitions is None or partition in partitions)
        }
        # An offset that retention has passed is out of range: the client goes on at the first one that is there.
        reader.assign([TopicPartition(full, partition, start) for partition in ends])
        while ends:
            message = reader.poll(patience_s)
            if message is None:
                raise _silent(kafka, full, patience_s)
            partition, offset = message.partition() or 0, message.offset() or 0
            over = is_end(message)
            if partition not in ends:
                continue  # written since
            if not over and offset < ends[partition]:
                yield message
            if over or offset >= ends[partition] - 1:
                del ends[partition]
                reader.pause([TopicPartition(full, partition)])
    finally:
        reader.close()


def ends(reader: Consumer, place: TopicPartition, patience_s: float) -> tuple[int, int] | None:
    """What a partition holds, once it has a leader: a broker that has just started answers before it has."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return reader.get_watermark_offsets(place, timeout=patience_s)
        except KafkaException as error:
            if error.args[0].code() not in _NO_LEADER or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _spans(reader: Consumer, kafka: Kafka, full: str, patience_s: float) -> dict[int, OffsetSpan]:
    try:
        facts = reader.list_topics(full, timeout=patience_s).topics[full]
        if facts.error is not None and facts.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise NoTopic(full)
        if facts.error is not None:
            raise asking(KafkaException(facts.error), f"see {full}")
        found = {}
        for partition in sorted(facts.partitions):
            offsets = ends(reader, TopicPartition(full, partition), patience_s)
            if offsets is None:
                raise _silent(kafka, full, patience_s)
            found[partition] = OffsetSpan(*offsets)
        return found
    except KafkaException as error:
        if error.args[0].code() in AWAY:
            raise _silent(kafka, full, patience_s) from None
        raise


def _silent(kafka: Kafka, full: str, patience_s: float) -> TimeoutError:
    return TimeoutError(f"{full} could not be read from {kafka.bootstrap_servers}: nothing came for {patience_s:g} s")
