"""Writes records as they are: key, value, headers in their order, partition and timestamp.

As long as Kafka's client has batches to send that may not be in flight yet, its thread asks without a pause whether
they may. So where records come as fast as they can, a batch that is not full waits for the rest, and the client is
given what keeps it busy and no more. Measured with pictures of 30 kB on two crowded cores: 60 MB/s with 4 MB, 110 with
8, 200 with 16 and no more with 32, in a third of the processor time that it takes without the wait.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import cast

from confluent_kafka import KafkaError, KafkaException, Message

from charles.kafka import errors
from charles.kafka.clients import producer
from charles.kafka.process_state import process
from charles.recordings.format.record import Record
from charles.settings import Kafka

_CLIENT_BYTES = 16_000_000
"""What the client holds at most."""
_FULL_MS = 100
"""How long a batch may wait to be full. At the recorded pace it does not."""
_LARGEST_RECORD_BYTES = 100_000_000
"""Bytes of a record that the client lets pass: it is the topic that says how large one may be."""


class NotDelivered(RuntimeError):
    """The cluster does not take a record; the message says which, and why."""


class ReplaySender:
    """sent: records by topic; bytes: of their values; lost: whether a connection to a broker was; moved: records of
    the first millisecond of 1970, which Kafka's client cannot write, and which are of the second one now.

    A broker that is away is waited for without end: nothing is given up silently.
    """

    def __init__(self, kafka: Kafka, *, keeps_timestamps: bool, paced: bool) -> None:
        """keeps_timestamps: or they are those of the writing; paced: or records come as fast as they can."""
        self.sent: Counter[str] = Counter()
        self.bytes = 0
        self.moved = 0
        self.lost = False
        self._prefix = kafka.prefix
        self._keeps_timestamps = keeps_timestamps
        self._sizes: deque[int] = deque()
        self._held = 0
        self._producer = producer(
            kafka,
            **{"message.timeout.ms": 0, "message.max.bytes": _LARGEST_RECORD_BYTES, "delivery.report.only.error": True},
            error_cb=self._noticed,
            **({} if paced else {"linger.ms": _FULL_MS}),
        )

    @property
    def queued(self) -> int:
        """Records that are on their way."""
        return len(self._producer)

    def has_room(self) -> bool:
        """Whether the client should be given more."""
        waiting = len(self._producer)
        while len(self._sizes) > waiting:
            self._held -= self._sizes.popleft()
        return self._held < _CLIENT_BYTES

    def wait(self, seconds: float) -> None:
        """Let records leave, for at most so long. Raises NotDelivered, and AccessRefused for what this user may not
        write."""
        self._producer.poll(seconds)

    def send(self, topic: str, partition: int, record: Record) -> None:
        """Queue a record. Raises NotDelivered."""
        full, value = f"{self._prefix}.{topic}", record.value
        timestamp = record.timestamp if self._keeps_timestamps else 0
        if timestamp == 0 and self._keeps_timestamps:
            timestamp = 1
            self.moved += 1
        headers = cast(list[tuple[str, str | bytes | None]], list(record.headers))
        try:
            self._producer.produce(
                full, value, record.key, partition, self._failed, timestamp=timestamp, headers=headers
            )
        except (KafkaException, BufferError) as error:
            raise NotDelivered(f"{full} cannot take the record of offset {record.offset}: {error}") from None
        size = len(value) if value else 0
        self._sizes.append(size)
        self._held += size
        self.sent[topic] += 1
        self.bytes += size

    def close(self) -> None:
        """Forget what is still on its way."""
        self._producer.purge()

    def _noticed(self, error: KafkaError) -> None:
        process.outages.error(error)
        self.lost |= errors.unavailable(error)

    def _failed(self, error: KafkaError | None, message: Message) -> None:
        if error is None or error.code() == KafkaError._PURGE_QUEUE or error.code() == KafkaError._PURGE_INFLIGHT:
            return
        errors.delivery(error, message)
        raise NotDelivered(f"partition {message.partition()} of {message.topic()} refuses records: {error.str()}")
