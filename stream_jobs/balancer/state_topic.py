"""The balancer's state on the topic `balancer-state`: what waits, and every run's ledger.

Written with each transaction, read again when a partition is assigned.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Mapping

from confluent_kafka import IsolationLevel, Message, TopicPartition
from confluent_kafka.admin import OffsetSpec

from charles import topics
from charles.avro.codec import Unreadable
from charles.balancing.join import Joined
from charles.balancing.run_state import HISTORIES, Restored, Run, Tick, TickId
from charles.events import RunLedger, Sample, Waiting, now
from charles.kafka.clients import admin, consumer, name
from charles.kafka.reading import OffsetSpan, read_spans
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka

_PATIENCE_S = 10.0
_FETCH_BYTES = 4 << 20


def waiting_key(tick: TickId) -> str:
    return f"waiting/{tick[1]}/{tick[2]}/{tick[3]}"


def ledger_key(run: Run) -> str:
    return f"ledger/{run[0]}/{run[1]}"


def restore(kafka: Kafka, schemas: SchemaStore, partitions: Collection[int]) -> dict[int, Restored]:
    """Everything committed to these partitions of the state, up to their ends. Raises TimeoutError where those are not
    reached: a dead instance's transaction may still be open."""
    newest: dict[int, dict[str, bytes]] = {partition: {} for partition in partitions}
    for message in _committed(kafka, partitions):
        kept, key, value = newest[message.partition() or 0], _text(message.key()), message.value()
        kept.pop(key, None)
        if value is not None:
            kept[key] = value
    return {partition: _decoded(schemas, partition, kept) for partition, kept in newest.items()}


def recall(kafka: Kafka, schemas: SchemaStore, partition: int, run: Run) -> RunLedger | None:
    """One run's ledger, as it was committed last in this partition. Raises TimeoutError, as restore() does."""
    key, found = ledger_key(run), None
    for message in _committed(kafka, [partition]):
        if _text(message.key()) == key:
            found = message.value()
    return None if found is None else schemas.decode(RunLedger, found)


def _committed(kafka: Kafka, partitions: Collection[int]) -> Iterator[Message]:
    """What is committed in these partitions, each in its order, to their ends."""
    full = name(kafka, topics.BALANCER_STATE)
    ends = _ends(kafka, full, partitions) if partitions else {}
    # The end is told when a fetch comes back empty: soon, for nobody balances meanwhile.
    properties = {"enable.partition.eof": True, "fetch.wait.max.ms": 20, "fetch.message.max.bytes": _FETCH_BYTES}
    reader = consumer(kafka, "balancer-restore", **properties)
    try:
        yield from read_spans(reader, full, ends, _PATIENCE_S, waits=True)
    finally:
        reader.close()


def _ends(kafka: Kafka, full: str, partitions: Collection[int]) -> dict[int, OffsetSpan]:
    """All of these partitions, what open transactions wrote included."""
    client = admin(kafka)
    futures = client.list_offsets(
        {TopicPartition(full, partition): OffsetSpec.latest() for partition in partitions},  # type: ignore[no-untyped-call]
        isolation_level=IsolationLevel.READ_UNCOMMITTED,
        request_timeout=_PATIENCE_S,
    )
    return {place.partition: OffsetSpan(0, int(found.result().offset)) for place, found in futures.items()}


def _decoded(schemas: SchemaStore, partition: int, newest: Mapping[str, bytes]) -> Restored:
    restored = Restored()
    for key, value in newest.items():
        kind, collector, run, *rest = key.split("/")
        try:
            if kind == "ledger":
                restored.ledgers[collector, run] = schemas.decode(RunLedger, value)
            elif rest:
                waiting = schemas.decode(Waiting, value)
                restored.ticks[partition, collector, run, int(rest[0])] = _waited(schemas, waiting)
        except Unreadable as error:
            raise RuntimeError(f"the balancer's state is damaged: {key} in partition {partition}: {error}") from error
    return restored


def _waited(schemas: SchemaStore, waiting: Waiting) -> Tick:
    sample = schemas.decode(Sample, waiting.sample)
    past = tuple(array("f", getattr(sample, each)) for each in HISTORIES)
    return Tick(Joined(sample, past, tuple(waiting.frame_offsets)), waiting.since or now())


def _text(key: str | bytes | None) -> str:
    return key.decode() if isinstance(key, bytes) else key or ""
