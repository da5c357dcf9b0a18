"""Where a replay that was stopped or killed goes on: behind the last record of each partition.

One replay after the other writes each partition in the recorded order, without a gap or a repeat. So a partition of
topics that nothing else was written to holds a recorded beginning, and how many records it has says how much of it.
"""

from __future__ import annotations

from collections.abc import Callable

from charles.kafka.clients import name
from charles.kafka.reading import NoTopic, OffsetSpan, read_to_end, spans
from charles.recordings.format.record import Record, from_message
from charles.topics import Topic
from producers.replayer.plan import ReplayPlan

Place = tuple[str, int]
"""A topic's short name, and a partition."""


class AnotherReplay(RuntimeError):
    """The topics hold something else than the beginning of this replay; the message says where."""


Tell = Callable[[int], None]
"""Is told how far the comparison is: the recorded time."""


def behind(plan: ReplayPlan, tell: Tell) -> dict[Place, int]:
    """How many records of each partition are there already. Raises AnotherReplay where the last one of them is not the
    recorded one, KafkaException, TimeoutError, DamagedRecording."""
    last: dict[Place, Record] = {}
    counts: dict[Place, int] = {}
    for topic in plan.topics:
        for partition, held in _spans(plan, topic).items():
            if held.end:
                counts[topic.name, partition] = held.end
                last[topic.name, partition] = _last(plan, topic, partition, held)
    _require_same(plan, counts, last, tell)
    return counts


def _spans(plan: ReplayPlan, topic: Topic) -> dict[int, OffsetSpan]:
    try:
        return spans(plan.kafka, name(plan.kafka, topic))
    except NoTopic:
        return {}


def _last(plan: ReplayPlan, topic: Topic, partition: int, held: OffsetSpan) -> Record:
    full = name(plan.kafka, topic)
    for message in read_to_end(plan.kafka, full, [partition], held.end - 1):
        return from_message(message)
    raise AnotherReplay(_words(plan, topic.name, partition, "its last record no longer exists"))


def _require_same(plan: ReplayPlan, counts: dict[Place, int], last: dict[Place, Record], tell: Tell) -> None:
    """Read the recording as far as it is there, and compare."""
    seen: dict[Place, int] = dict.fromkeys(counts, 0)
    open_yet = set(counts)
    for topic, partition, record in plan.records() if open_yet else ():
        tell(record.timestamp)
        place = topic, partition
        if place not in open_yet:
            continue
        seen[place] += 1
        if seen[place] == counts[place]:
            if not _same(plan, record, last[place]):
                raise AnotherReplay(
                    _words(plan, topic, partition, f"its last record is not the recorded {record.offset}")
                )
            open_yet.discard(place)
            if not open_yet:
                return
    for topic, partition in sorted(open_yet):
        raise AnotherReplay(_words(plan, topic, partition, "it has more records than the recording"))


def _same(plan: ReplayPlan, recorded: Record, there: Record) -> bool:
    timed = not plan.keeps_timestamps or there.timestamp == (recorded.timestamp or 1)
    return timed and (recorded.key, recorded.value, recorded.headers) == (there.key, there.value, there.headers)


def _words(plan: ReplayPlan, topic: str, partition: int, why: str) -> str:
    return (
        f"partition {partition} of {plan.kafka.prefix}.{topic} does not start with this replay ({why}): use the same "
        f"options as the first time, or replay to another --prefix"
    )
