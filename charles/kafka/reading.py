"""Reading topics: what a consumer was given, and a topic from somewhere to its present end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from charles.kafka.clients import consumer
from charles.kafka.errors import asking, raise_if_fatal, unavailable
from charles.kafka.process_state import process
from charles.settings import Kafka

_END = KafkaError._PARTITION_EOF
_OUT_OF_RANGE = (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._LOG_TRUNCATION)
_BATCH = 500

_PATIENCE_S = 10.0
_NO_LEADER = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError._UNKNOWN_PARTITION)


class NoTopic(KafkaException):
    """There is no such topic; the message says which, and what to do."""

    def __init__(self, full: str) -> None:
        reason = f"there is no topic {full}; create it with `charles topics`"
        super().__init__(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, reason))


@dataclass(frozen=True, slots=True)
class OffsetSpan:
    """The offsets that a partition holds: from first to end, exclusive; equal if it is empty.

    end is where the oldest open transaction begins. Some offsets in between have no record: transaction markers, and
    aborted or compacted records.
    """

    first: int
    end: int


def records(
    messages: Iterable[Message],
    at_end: Callable[[Message], None] | None = None,
    out_of_range: Callable[[Message], None] | None = None,
) -> Iterator[Message]:
    """The records among what a consumer was given, in their order. Every loop that reads topics reads through this.

    at_end: is given the news that a partition's end is reached, which a consumer with enable.partition.eof gets;
    out_of_range: that the log does not have the offset, which one with auto.offset.reset=error gets. Raises
    AccessRefused for what this user may not read, and KafkaException for what is fatal. The client goes on by itself
    after any other error; it is logged, once a minute.

    Each record is noted in the process's journal while it is in hand: an empty one is given in the place of one that
    ends programs.
    """
    journal = process.journal
    before = journal.in_hand
    try:
        for message in messages:
            error = message.error()
            if error is None:
                yield journal.take(message)
            elif error.code() == _END:
                if at_end is not None:
                    at_end(message)
            elif error.code() in _OUT_OF_RANGE and out_of_range is not None:
                out_of_range(message)
            else:
                raise_if_fatal(message)
                place = f"{message.topic()} {message.partition()}"
                process.outages.warn((place, error.code()), f"reading {place}: {error.str()}")
    finally:
        journal.in_hand = before


def polled(reader: Consumer, wait_s: float) -> Iterator[Message]:
    """What a consumer is given, one by one, until nothing comes for wait_s."""
    return iter(partial(reader.poll, wait_s), None)


def arrived(reader: Consumer, wait_s: float, at_most: int) -> list[Message]:
    """What has come; waits up to wait_s for the first, and for no other."""
    first = reader.poll(wait_s)
    return [] if first is None else [first, *reader.consume(at_most - 1, timeout=0)]


def from_now(reader: Consumer, full: str, patience_s: float) -> TopicPartition:
    """Where the first partition of a topic ends. It is asked for now, not when the reader first reads: what is written
    after this call is read. Raises KafkaException."""
    place = TopicPartition(full, 0)
    place.offset = (_watermarks(reader, place, patience_s) or (0, OFFSET_END))[1]
    return place


def spans(kafka: Kafka, full: str, patience_s: float = _PATIENCE_S) -> dict[int, OffsetSpan]:
    """The offsets that each partition of a topic holds now. full: its name with the prefix.

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
    """Every committed record of a topic, from the offset start to its current end, in order within each partition.

    full: the topic's name with the prefix; partitions: all of them when None; start: counted from each partition's end
    where it is negative. The end is fixed at the first step, so that reading a topic that is constantly written to ends
    too. Raises what spans() raises, and TimeoutError also when nothing more comes for patience_s.
    """
    # The end of a partition is told when a fetch comes back empty: soon, not after half a second.
    reader = consumer(kafka, "reader", **{"enable.partition.eof": True, "fetch.wait.max.ms": 20})
    try:
        wanted = {
            partition: OffsetSpan(max(span.first, start if start >= 0 else span.end + start), span.end)
            for partition, span in _spans(reader, kafka, full, patience_s).items()
            if partitions is None or partition in partitions
        }
        # An offset that retention has passed since is out of range: the client goes on at the first one that is there.
        yield from read_spans(reader, full, wanted, patience_s)
    except TimeoutError:
        raise _silent(kafka, full, patience_s) from None
    finally:
        reader.close()


def read_spans(
    reader: Consumer, full: str, wanted: Mapping[int, OffsetSpan], patience_s: float, *, waits: bool = False
) -> Iterator[Message]:
    """Every committed record within these offsets of a topic's partitions; the reader is assigned them.

    reader: with enable.partition.eof. waits: for what is not committed yet, rather than that the present end of what is
    committed ends it. Raises TimeoutError when nothing more comes for patience_s.
    """
    ends = {partition: span.end for partition, span in wanted.items() if span.first < span.end}
    deadline = time.monotonic() + patience_s

    def finish(partition: int) -> None:
        if ends.pop(partition, None) is not None and ends:
            reader.pause([TopicPartition(full, partition)])

    def reached(message: Message) -> None:
        nonlocal deadline
        deadline = time.monotonic() + patience_s  # the broker answers
        partition = message.partition() or 0
        if not waits or (message.offset() or 0) >= ends.get(partition, math.inf):
            finish(partition)

    reader.assign([TopicPartition(full, partition, wanted[partition].first) for partition in ends])
    while ends:
        for message in records(arrived(reader, max(deadline - time.monotonic(), 0.0), _BATCH), reached):
            partition, offset = message.partition() or 0, message.offset() or 0
            end = ends.get(partition, 0)  # 0: it was written since
            if offset < end:
                yield message
            if offset >= end - 1:
                finish(partition)
            deadline = time.monotonic() + patience_s
        if ends and time.monotonic() > deadline:
            raise TimeoutError(f"{full} could not be read up to {ends}: nothing came for {patience_s:g} s")


def _watermarks(reader: Consumer, place: TopicPartition, patience_s: float) -> tuple[int, int] | None:
    """A partition's offsets, once it has a leader; a broker that has just started answers earlier than that."""
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
            offsets = _watermarks(reader, TopicPartition(full, partition), patience_s)
            if offsets is None:
                raise _silent(kafka, full, patience_s)
            found[partition] = OffsetSpan(*offsets)
        return found
    except KafkaException as error:
        if unavailable(error.args[0]):
            raise _silent(kafka, full, patience_s) from None
        raise


def _silent(kafka: Kafka, full: str, patience_s: float) -> TimeoutError:
    return TimeoutError(f"{full} could not be read from {kafka.bootstrap_servers}: nothing came for {patience_s:g} s")
