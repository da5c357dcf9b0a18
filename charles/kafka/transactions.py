"""Kafka transactions: what is sent within one becomes visible completely or not at all."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from charles.kafka.errors import asking, not_allowed
from charles.kafka.publisher import Publisher
from charles.topics import Topic

_ABORT_S = 3.0
_NOBODY = "nobody reads this"
"""The key of records in transactions that are aborted."""


class Fenced(RuntimeError):
    """Another program has taken over this transactional id: this one must end."""


class MemberReplaced(Fenced):
    """Another member with the same group.instance.id has joined the consumer group whose offsets were to be sent."""


class BrokenTransaction(RuntimeError):
    """This producer is unusable; create a new one with the same transactional id.

    Happens if a broker restarts during a transaction.
    """


class NotCommitted(RuntimeError):
    """The transaction may not be committed. Usually the broker was unreachable; try again later."""


@contextmanager
def transaction(publisher: Publisher, timeout_s: float = 30.0) -> Iterator[None]:
    """Commits at the end of the block, within timeout_s, and aborts if the block raises.

    First finishes an earlier transaction, if the broker was unreachable at its end. Raises Fenced, BrokenTransaction,
    AccessRefused, or NotCommitted.
    """
    producer = publisher.producer
    try:
        _begin(producer, timeout_s)
        yield
        _commit(producer, timeout_s)
    except KafkaException as error:
        told = _told(error)
        if isinstance(told, NotCommitted):
            _abort(producer)
        raise told from error
    except BaseException:
        _abort(producer)
        raise


def join(publisher: Publisher, timeout_s: float = 30.0) -> None:
    """Make this program the only one with its transactional id: an earlier one is fenced, and its open transaction is
    aborted.

    Raises Fenced, BrokenTransaction, AccessRefused, or NotCommitted when no broker answers in time.
    """
    try:
        publisher.producer.init_transactions(timeout_s)
    except KafkaException as error:
        raise _told(error) from error


def end_hanging(
    publisher: Publisher,
    places: Iterable[tuple[Topic, int]],
    offsets: list[TopicPartition] | None = None,
    group: object = None,
    timeout_s: float = 10.0,
) -> None:
    """End an earlier transaction of this transactional id that might stay open forever in these partitions and in the
    offsets of a group. Call it after join(). Raises Fenced, BrokenTransaction, AccessRefused, NotCommitted.

    Kafka 4.3 and 4.4 forget to tell a partition that a transaction has ended while the partition has no leader
    (KAFKA-20734), as when their only broker was killed at the wrong moment: then whoever reads what is committed
    never gets further. The end of a later transaction ends that one too. So one is begun that touches everything,
    and aborted: nobody has seen anything of the former one either, and what it was made of is read again.
    """
    producer = publisher.producer
    try:
        producer.begin_transaction()
        for topic, partition in places:
            publisher.send_bytes(topic, _NOBODY, None, partition=partition)
        if publisher.flush(timeout_s):
            raise NotCommitted(f"nothing could be written within {timeout_s:g} s")
        if offsets:
            send_offsets(publisher, offsets, group)
        producer.abort_transaction(timeout_s)
    except KafkaException as error:
        raise _told(error) from error


def send_offsets(publisher: Publisher, offsets: list[TopicPartition], group: object, timeout_s: float = 3.0) -> None:
    """Make the input offsets of a group's member part of the transaction. group: consumer_group_metadata().

    librdkafka does not keep its own timeout here: after a broker's restart the call may never return (its issues 5456
    and 5511). So it is made beside this thread. Raises NotCommitted when it does not come back; the publisher must
    then be given up, and a new one takes its place.
    """
    failures: list[KafkaException] = []

    def send() -> None:
        try:
            publisher.producer.send_offsets_to_transaction(offsets, group, timeout_s)
        except KafkaException as error:
            failures.append(error)

    sending = threading.Thread(target=send, daemon=True)
    sending.start()
    sending.join(timeout_s + 1)
    if sending.is_alive():
        raise NotCommitted(f"the offsets could not be sent within {timeout_s:g} s")
    if failures:
        raise failures[0]


def _begin(producer: Producer, timeout_s: float) -> None:
    try:
        producer.begin_transaction()
    except KafkaException as error:
        if error.args[0].code() != KafkaError._STATE:
            raise
        _finish_former(producer, timeout_s)
        producer.begin_transaction()


def _finish_former(producer: Producer, timeout_s: float) -> None:
    """Abort what was left open; where its commit was under way already, only the commit can be repeated."""
    try:
        producer.abort_transaction(timeout_s)
    except KafkaException as error:
        if error.args[0].code() not in (KafkaError._STATE, KafkaError._CONFLICT):
            raise
        producer.commit_transaction(timeout_s)


def _commit(producer: Producer, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            producer.commit_transaction(max(deadline - time.monotonic(), 0.1))
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() >= deadline:
                raise
        else:
            return


def _abort(producer: Producer) -> None:
    with contextlib.suppress(KafkaException):  # the next transaction finishes this one first
        producer.abort_transaction(_ABORT_S)


def _told(error: KafkaException) -> Exception:
    problem: KafkaError = error.args[0]
    if not_allowed(problem):
        return asking(error, "to write in transactions")
    if problem.code() in (KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH):
        return Fenced(f"another program with the same name has taken over: {problem.str()}")
    if problem.code() == KafkaError.FENCED_INSTANCE_ID:
        return MemberReplaced(f"another program with the same name has joined the group: {problem.str()}")
    if problem.fatal():
        return BrokenTransaction(problem.str())
    return NotCommitted(problem.str())
