"""Transactions, written beside the loop: records as they come, and the end where the loop says so.

As long as Kafka's client has more to send than may be in flight, its thread asks without a pause whether it may: half
of the processor time of a busy balancer. So it is given what keeps it busy, and no more; and of that a batch that is
not full waits for the rest rather than takes the place of a full one.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress

from confluent_kafka import TopicPartition

from charles.kafka.publisher import Publisher
from charles.kafka.transactions import send_offsets, transaction
from charles.topics import Topic

OutputRecord = tuple[Topic, str, bytes | None, int, dict[str, str] | None]
"""What to write: topic, key, value (None is a tombstone), partition (-1: by key), headers."""

PROPERTIES = {"linger.ms": 100}
"""Of the publisher: how long a batch may wait to be full; the end of a transaction does not wait for it."""
_CLIENT_BYTES = 4_000_000
"""What the client holds at most: batches of 1 MB, three in flight, and one that fills."""
_AHEAD_BYTES = 32 << 20
_LOOK_S = 0.01


class _Abandoned(Exception):
    """The transaction is given up: its session is over."""


class TransactionWriter:
    """One transaction after the other, in a thread of its own, which works off what it is handed.

    Whatever goes wrong with it is raised by a later call, and nothing more is written then: see transaction() and
    send_offsets() for what that may be.
    """

    def __init__(self, publisher: Publisher, ended: Callable[[float], None]) -> None:
        """ended: is told how many seconds the end of a transaction took, from its last records on."""
        self._publisher = publisher
        self._ended = ended
        self._thread = ThreadPoolExecutor(1, "writer")
        self._open, self._begun = ExitStack(), False
        self._handed: deque[tuple[Future[None], int]] = deque()
        self._bytes = 0
        self._end: Future[None] | None = None
        self._failure: BaseException | None = None

    def send(self, records: list[OutputRecord]) -> None:
        """Make these part of the transaction, which begins where none is open. Waits while it is far behind."""
        size = sum(len(value or b"") for _, _, value, _, _ in records)
        self._handed.append((self._hand(lambda: self._send(records)), size))
        self._bytes += size
        while self._handed and (self._bytes > _AHEAD_BYTES or self._handed[0][0].done()):
            sent, size = self._handed.popleft()
            self._bytes -= size
            sent.result()

    def end(self, records: list[OutputRecord], offsets: list[TopicPartition], member: object) -> None:
        """Commit the transaction, with these records and input offsets as its last."""
        self._end = self._hand(lambda: self._commit(records, offsets, member))

    def settle(self) -> None:
        """Wait until the last transaction that was ended is in the log."""
        if self._end is not None:
            self._end.result()

    def close(self) -> None:
        """Abort what was begun and not ended."""
        self._failure = self._failure or _Abandoned()
        self._thread.shutdown()
        with suppress(_Abandoned), self._open:
            raise _Abandoned

    def _hand(self, job: Callable[[], None]) -> Future[None]:
        def work() -> None:
            if self._failure is not None:
                raise self._failure
            try:
                job()
            except BaseException as failure:
                self._failure = failure
                raise

        return self._thread.submit(work)

    def _send(self, records: list[OutputRecord]) -> None:
        with self._open as opened:
            self._put(records)
            self._open = opened.pop_all()

    def _commit(self, records: list[OutputRecord], offsets: list[TopicPartition], member: object) -> None:
        began = time.monotonic()
        with self._open:
            self._put(records)
            send_offsets(self._publisher, offsets, member)
            self._begun = False
        self._ended(time.monotonic() - began)

    def _put(self, records: list[OutputRecord]) -> None:
        if not self._begun:
            self._open.enter_context(transaction(self._publisher))
            self._begun = True
        producer, size = self._publisher.producer, sum(len(value or b"") for _, _, value, _, _ in records)
        most = max(_CLIENT_BYTES * len(records) // max(size, 1), 1)
        for topic, key, value, partition, headers in records:
            self._publisher.send_bytes(topic, key, value, partition=partition, headers=headers)
            while len(producer) > most and self._failure is None:
                producer.poll(_LOOK_S)
