"""The balancer's state on the topic `balancer-state`: what waits, and every run's ledger.

Written with each transaction, read again when a partition is assigned.
"""

from __future__ import annotations

import logging
from array import array
from collections.abc import Collection, Iterator, Mapping

from confluent_kafka import IsolationLevel, Message, TopicPartition
from confluent_kafka.admin import OffsetSpec

from charles import topics
from charles.avro.codec import Unreadable
from charles.avro.value_checks import check_past
from charles.balancing.join import Joined
from charles.balancing.run_state import HISTORIES, Restored, Run, Tick, TickId
from charles.base.names import key_part
from charles.events import RunLedger, Sample, Waiting, now
from charles.kafka.clients import admin, consumer, name
from charles.kafka.reading import OffsetSpan, read_spans
from charles.kafka.schemas import SchemaStore
from charles.ledger.tick_ledger import decoded_ledger, ledger_key
from charles.settings import Kafka

log = logging.getLogger(__name__)

_PASSED_BY = "the balancer's state, partition %d: passed by what is none, under the key %.100r: %s"
_PATIENCE_S = 10.0
_FETCH_BYTES = 4 << 20


def waiting_key(tick: TickId) -> str:
    return f"waiting/{key_part(tick[1])}/{key_part(tick[2])}/{tick[3]}"


def restore(kafka: Kafka, schemas: SchemaStore, partitions: Collection[int]) -> dict[int, Restored]:
    """Everything committed to these partitions of the state, up to their ends. Raises TimeoutError where those are not
    reached: a dead instance's transaction may still be open."""
    newest: dict[int, dict[str, bytes]] = {partition: {} for partition in partitions}
    for message in _committed(kafka, partitions):
        kept, key, value = newest[message.partition() or 0], _text(message.key()), message.value()
        kept.pop(key, None)
        if value is not None:
            kept[key] = value
    return {partition: decoded(schemas, partition, kept) for partition, kept in newest.items()}


def recall(kafka: Kafka, schemas: SchemaStore, partition: int, run: Run) -> RunLedger | None:
    """One run's ledger, as it was committed last in this partition. Raises TimeoutError, as restore() does."""
    key, found = ledger_key(run), None
    for message in _committed(kafka, [partition]):
        if _text(message.key()) == key:
            found = message.value()
    try:
        return None if found is None else decoded_ledger(schemas, key.encode(), found)
    except Unreadable as error:
        log.error(_PASSED_BY, partition, key, error)
        return None


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


def decoded(schemas: SchemaStore, partition: int, newest: Mapping[str, bytes]) -> Restored:
    """What the records are is said by their values: a key is only compared with theirs. What is none of ours, and was
    written there by somebody, is passed by."""
    restored = Restored()
    for key, value in newest.items():
        try:
            if key.startswith("ledger/"):
                ledger = decoded_ledger(schemas, key.encode(), value)
                restored.ledgers[ledger.collector, ledger.run] = ledger
            else:
                tick = _waited(schemas, schemas.decode(Waiting, value))
                of = tick.joined.control
                tick_id = partition, of.collector, of.run, of.tick
                if key != (own := waiting_key(tick_id)):
                    raise Unreadable(f"its value belongs to the key {own[:100]!r}")
                restored.ticks[tick_id] = tick
        except Unreadable as error:
            restored.strays += 1
            log.error(_PASSED_BY, partition, key, error)
    for stray in [tick_id for tick_id in restored.ticks if tick_id[1:3] not in restored.ledgers]:
        restored.strays += 1
        log.error(_PASSED_BY, partition, waiting_key(stray), "its run has no ledger")
        del restored.ticks[stray]
    return restored


def _waited(schemas: SchemaStore, waiting: Waiting) -> Tick:
    sample = schemas.decode(Sample, waiting.sample)
    check_past(sample)
    if not waiting.frame_offsets:
        raise Unreadable("it points to no frame")
    past = tuple(array("f", getattr(sample, each)) for each in HISTORIES)
    return Tick(Joined(sample, past, tuple(waiting.frame_offsets)), waiting.since or now())


def _text(key: str | bytes | None) -> str:
    return key.decode(errors="replace") if isinstance(key, bytes) else key or ""
