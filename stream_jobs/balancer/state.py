"""The balancer's state on the topic `balancer-state`: what waits, and every run's ledger.

Written with each transaction, read again when a partition is assigned.
"""

from __future__ import annotations

import logging
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime

from confluent_kafka import IsolationLevel, Message, TopicPartition
from confluent_kafka.admin import OffsetSpec

from charles import topics
from charles.codec import Unreadable
from charles.events import RunLedger, Sample, Waiting, now
from charles.kafka import admin, consumer, is_end, name
from charles.registry import Registry
from charles.settings import Kafka
from stream_jobs.balancer.joining import NOT_KNOWN, SIGNALS, Counts, History, Pointer, RunJoin, Window

log = logging.getLogger(__name__)

Run = tuple[str, str]
"""Collector and run."""
TickId = tuple[int, str, str, int]
"""Input partition, collector, run, tick."""

COUNTS = tuple(Counts.__dataclass_fields__)
_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick in the bins. sample: without its frames and its set; offsets: where its frames lie, oldest first; since:
    when it came there."""

    sample: Sample
    offsets: tuple[int, ...]
    since: datetime


@dataclass(slots=True)
class Restored:
    """What one partition's state says."""

    ticks: dict[TickId, Tick] = field(default_factory=dict)
    ledgers: dict[Run, RunLedger] = field(default_factory=dict)


def waiting_key(tick: TickId) -> str:
    return f"waiting/{tick[1]}/{tick[2]}/{tick[3]}"


def ledger_key(run: Run) -> str:
    return f"ledger/{run[0]}/{run[1]}"


def to_ledger(run: Run, join: RunJoin, late: int, dropped: int) -> RunLedger:
    """A run as it is written down. A run that is over needs its history no more."""
    over = join.frames.closed and join.controls.closed
    past = [()] * len(SIGNALS) if over else join.history.past
    return RunLedger(
        collector=run[0],
        run=run[1],
        time=now(),
        seen=join.seen,
        settled=join.settled,
        late=late,
        dropped=dropped,
        history_last=join.history.last,
        stack_last=join.stack.last,
        stack_offsets=[] if over else [pointer.offset for pointer in join.stack.values],
        **{count: copy(getattr(join.counts, count)) for count in COUNTS},
        **{f"history_{signal}": values for signal, values in zip(SIGNALS, past, strict=True)},  # type: ignore[arg-type]
    )


def to_join(ledger: RunLedger, history: int, frames: int) -> RunJoin:
    """A run as it goes on from what was written down."""
    join = RunJoin(history, frames)
    join.history = History(history, ledger.history_last, [getattr(ledger, f"history_{signal}") for signal in SIGNALS])
    join.stack = Window(frames, ledger.stack_last, (Pointer(offset) for offset in ledger.stack_offsets))
    join.counts = Counts(**{count: copy(getattr(ledger, count)) for count in COUNTS})
    if ledger.surplus and not ledger.surplus_by:
        join.counts.surplus_by[NOT_KNOWN] = ledger.surplus
    join.settled = join.frames.head = join.controls.head = ledger.settled
    join.seen_before = ledger.seen
    empty = not (join.history or join.stack.values)
    join.frames.closed = join.controls.closed = empty and max(ledger.history_last, ledger.stack_last) >= 0
    return join


def restore(kafka: Kafka, registry: Registry, partition: int) -> Restored:
    """Everything committed to one partition of the state, up to its end. Raises TimeoutError when that is not reached:
    a dead instance's transaction may still be open."""
    place = TopicPartition(name(kafka, topics.BALANCER_STATE), partition, 0)
    end = _end(kafka, place)
    restored = Restored()
    # The end is told when a fetch comes back empty: soon, for nobody balances meanwhile.
    reader = consumer(kafka, "balancer-restore", **{"enable.partition.eof": True, "fetch.wait.max.ms": 20})
    try:
        reader.assign([place])
        while (message := reader.poll(_PATIENCE_S)) is not None:
            if not is_end(message):
                _apply(registry, restored, partition, message)
            elif (message.offset() or 0) >= end:
                return restored
    finally:
        reader.close()
    raise TimeoutError(f"the state of partition {partition} could not be read to its end within {_PATIENCE_S:g} s")


def _end(kafka: Kafka, place: TopicPartition) -> int:
    client = admin(kafka)
    futures = client.list_offsets(
        {place: OffsetSpec.latest()},  # type: ignore[no-untyped-call]
        isolation_level=IsolationLevel.READ_UNCOMMITTED,
        request_timeout=_PATIENCE_S,
    )
    return int(next(iter(futures.values())).result().offset)


def _apply(registry: Registry, restored: Restored, partition: int, message: Message) -> None:
    kind, collector, run, *rest = _text(message.key()).split("/")
    tick = (partition, collector, run, int(rest[0])) if rest else None
    value = message.value()
    try:
        if kind == "ledger":
            restored.ledgers[collector, run] = registry.decode(RunLedger, value)
        elif tick is not None:
            restored.ticks.pop(tick, None)
            if value is not None:
                waiting = registry.decode(Waiting, value)
                sample = registry.decode(Sample, waiting.sample)
                restored.ticks[tick] = Tick(sample, tuple(waiting.frame_offsets), waiting.since or now())
    except Unreadable as error:
        raise RuntimeError(
            f"the balancer's own state is damaged at {message.topic()} {partition}@{message.offset()}: {error}"
        ) from error


def _text(key: str | bytes | None) -> str:
    return key.decode() if isinstance(key, bytes) else key or ""
