"""The state of the table's topics, and of the groups that read them, on the cluster."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from charles import topics
from charles.base.sizes import size
from charles.base.time_format import short
from charles.kafka.clients import admin, name, require_broker
from charles.kafka.topic_admin import TIMEOUT_S, configs, differing, partition_counts, resolve
from charles.settings import Kafka
from charles.topics import FOR_EVER, TOPICS, UNBOUNDED, Topic

RATE_WINDOW_S = 10.0

Offsets = dict[tuple[str, int], int]


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """One topic. name: with its prefix; records: between the log's start and its end, transaction markers and what
    compaction has removed included; size: bytes on disk, None if unknown; rate: records a second over the last ten
    seconds; keeps: the table's retention limits, in words; differs: differences from the table, in words."""

    name: str
    key: str
    exists: bool
    partitions: int
    records: int
    size: int | None
    rate: float
    keeps: str
    differs: list[str]


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """One consumer group. lag: per topic, how many records (transaction markers included) lie behind its committed
    offsets; a group that has committed nothing has none."""

    group: str
    state: str
    lag: dict[str, int]


def describe(kafka: Kafka, log_folder: Path | None = None) -> tuple[list[TopicFacts], list[GroupFacts]]:
    """Every topic of the table and every group under the prefix.

    log_folder: where the cluster's broker keeps its logs, if that is on this machine: Kafka's client library cannot ask
    for sizes. Raises BrokerUnavailable.
    """
    require_broker(kafka)
    client = admin(kafka)
    full_names = [name(kafka, topic) for topic in TOPICS]
    counts = {full: count for full, count in partition_counts(client).items() if full in full_names}
    partitions = [(full, partition) for full, count in counts.items() for partition in range(count)]
    starts = _offsets(client, partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
    ends = _offsets(client, partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]
    window_start_ms = int((time.time() - RATE_WINDOW_S) * 1000)
    marks = _offsets(client, partitions, OffsetSpec.for_timestamp(window_start_ms))
    found = configs(client, counts)
    facts = []
    for topic, full in zip(TOPICS, full_names, strict=True):
        own = [partition for partition in partitions if partition[0] == full]
        recent = sum(ends[partition] - marks[partition] for partition in own if marks[partition] >= 0)
        facts.append(
            TopicFacts(
                name=full,
                key=topic.key,
                exists=full in counts,
                partitions=len(own),
                records=sum(ends[partition] - starts[partition] for partition in own),
                size=_size(log_folder, full, len(own)) if log_folder else None,
                rate=recent / RATE_WINDOW_S,
                keeps=_keeps(topic),
                differs=_differs(kafka, topic, counts, found.get(full)),
            )
        )
    return facts, _groups(client, kafka, starts, ends)


def _differs(kafka: Kafka, topic: Topic, counts: dict[str, int], config: dict[str, str | None] | None) -> list[str]:
    full = name(kafka, topic)
    if config is None:
        return ["missing"]
    words = []
    if counts[full] != topic.partitions:
        words.append(f"partitions: {counts[full]}, not {topic.partitions}")
    partner = {topics.FRAMES: topics.CONTROLS, topics.CONTROLS: topics.FRAMES}.get(topic)
    if partner and counts.get(name(kafka, partner), counts[full]) != counts[full]:
        words.append(f"partitions: {counts[full]}, but {counts[name(kafka, partner)]} in {partner.name}")
    wrong = differing(kafka, topic, config)
    return [*words, *(f"{key}: {config.get(key)}, not {value}" for key, value in wrong.items())]


def _keeps(topic: Topic) -> str:
    """The table's retention limits in words: "12 GiB", "7 days, 1 GiB", "newest per key"."""
    if topic.compact:
        return "newest per key"
    bounds = []
    if topic.keep_ms != FOR_EVER:
        bounds.append(short(topic.keep_ms / 1000))
    if topic.keep_bytes != UNBOUNDED:
        bounds.append(size(topic.keep_bytes))
    return ", ".join(bounds) or "everything"


def _groups(client: AdminClient, kafka: Kafka, starts: Offsets, ends: Offsets) -> list[GroupFacts]:
    listed = client.list_consumer_groups(request_timeout=TIMEOUT_S).result().valid
    own = sorted(
        (group.group_id, group.state.name.lower()) for group in listed if group.group_id.startswith(f"{kafka.prefix}.")
    )
    facts = []
    for group, state in own:
        # One request a group: librdkafka takes no more than one.
        asked = client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=TIMEOUT_S)
        lag: dict[str, int] = defaultdict(int)
        for at in resolve(asked)[group].topic_partitions:
            place = at.topic, at.partition
            if place in ends and at.offset >= 0:
                lag[at.topic] += max(ends[place] - max(at.offset, starts[place]), 0)
        facts.append(GroupFacts(group, state, dict(sorted(lag.items()))))
    return facts


def _offsets(client: AdminClient, partitions: Iterable[tuple[str, int]], spec: OffsetSpec) -> Offsets:
    asked = {TopicPartition(topic, partition): spec for topic, partition in partitions}
    if not asked:
        return {}
    found = resolve(client.list_offsets(asked, request_timeout=TIMEOUT_S))
    return {(at.topic, at.partition): result.offset for at, result in found.items()}


def _size(log_folder: Path, full: str, partitions: int) -> int:
    files = (file for n in range(partitions) for file in (log_folder / f"{full}-{n}").glob("*"))
    total = 0
    for file in files:
        try:
            # What is on the disk: Kafka's index files are long and nearly empty until their segment is closed.
            total += file.stat().st_blocks * 512 if hasattr(file.stat(), "st_blocks") else file.stat().st_size
        except FileNotFoundError:
            continue  # retention was quicker
    return total
