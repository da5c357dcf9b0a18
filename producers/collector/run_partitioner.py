"""In which partition a run lies: chosen when it begins, and kept to its end."""

from __future__ import annotations

from contextlib import suppress

from confluent_kafka import KafkaException, Producer

from charles import topics
from charles.kafka.clients import name
from charles.settings import Kafka

_FIRST_ANSWER_S = 10.0
_ANSWER_S = 0.5
"""A broker that is away costs a new run no more: it begins by the numbers that were known."""


class RunPartitioner:
    """Where runs go: by their collector's name, as Java clients do it.

    Partitions that are added under way change where a name leads. A run that followed them would lie in two partitions
    and look cut off in both, so only the next one does.
    """

    def __init__(self, kafka: Kafka, producer: Producer) -> None:
        """Raises KafkaException where no broker says how many partitions there are."""
        self._names = name(kafka, topics.FRAMES), name(kafka, topics.CONTROLS)
        self._producer = producer
        self._run: str | None = None
        self._partition = 0
        self._partitions = 1
        self._partitions = self._asked(_FIRST_ANSWER_S)

    def of(self, collector: str, run: str) -> int:
        """The partition of a collector's present run, of frames and of controls alike."""
        if run != self._run:
            self._run = run
            with suppress(KafkaException):
                self._partitions = self._asked(_ANSWER_S)
            self._partition = partition_of(collector, self._partitions)
        return self._partition

    def _asked(self, patience_s: float) -> int:
        """How many partitions both topics have now: while they are added, one has them before the other."""
        known = self._producer.list_topics(timeout=patience_s).topics
        counts = [len(known[full].partitions) for full in self._names if full in known]
        return min(counts, default=0) or self._partitions


def partition_of(key: str, partitions: int) -> int:
    """Where Kafka's own clients put this key: 32-bit murmur2 of its bytes, seed 0x9747b28c, without the sign."""
    return (_murmur2(key.encode()) & 0x7FFF_FFFF) % partitions


def _murmur2(data: bytes) -> int:
    factor, bits = 0x5BD1_E995, 0xFFFF_FFFF
    value = 0x9747_B28C ^ len(data)
    whole = len(data) // 4 * 4
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * factor & bits
        value = (value * factor & bits) ^ ((word ^ word >> 24) * factor & bits)
    if whole < len(data):
        value = (value ^ int.from_bytes(data[whole:], "little")) * factor & bits
    value = (value ^ value >> 13) * factor & bits
    return value ^ value >> 15
