"""Which topics would delete what is replayed into them, because it is old or too much, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from charles.base.sizes import size
from charles.base.time_format import iso, short
from charles.kafka.clients import name
from charles.recordings.format.record import NO_TIMESTAMP
from charles.topics import Topic
from producers.replayer.plan import ReplayPlan

Config = Mapping[str, str | None]
"""A topic's, as Kafka spells it."""


def warnings(plan: ReplayPlan, configs: Mapping[str, Config], now_ms: int) -> list[str]:
    """What should be known before it begins. configs: of the topics that are written, by their full names."""
    return [
        words
        for topic in plan.topics
        if (config := configs.get(name(plan.kafka, topic))) is not None
        for words in _of_topic(plan, topic, config, now_ms)
    ]


def _of_topic(plan: ReplayPlan, topic: Topic, config: Config, now_ms: int) -> Iterator[str]:
    full = name(plan.kafka, topic)
    if plan.keeps_timestamps and config.get("message.timestamp.type") == "LogAppendTime":
        yield (
            f"{full} sets its own timestamps (LogAppendTime), so the recorded ones are lost; keep them with "
            f"{_command(plan, full, 'message.timestamp.type=CreateTime')}"
        )
    if "delete" not in (config.get("cleanup.policy") or ""):
        return
    keeps_ms, keeps_bytes = int(config.get("retention.ms") or -1), int(config.get("retention.bytes") or -1)
    first = _first(plan, topic)
    if plan.keeps_timestamps and keeps_ms >= 0 and NO_TIMESTAMP < first < now_ms - keeps_ms:
        yield (
            f"{full} keeps records for {short(keeps_ms / 1000)}: records before {iso(now_ms - keeps_ms)} are "
            f"deleted within minutes, and this recording begins at {iso(first)}; keep them with "
            f"{_command(plan, full, 'retention.ms=-1')}, or replay with --timestamps now"
        )
    largest = _largest(plan, topic)
    if 0 <= keeps_bytes < largest:
        yield (
            f"{full} keeps {size(keeps_bytes)} per partition, but up to {size(largest)} are replayed: the oldest "
            f"records will be deleted; keep them with {_command(plan, full, 'retention.bytes=-1')}"
        )


def _first(plan: ReplayPlan, topic: Topic) -> int:
    first = plan.recording.lengths[topic.name].first_timestamp
    return first if first == NO_TIMESTAMP else max(first, plan.first_ms)


def _largest(plan: ReplayPlan, topic: Topic) -> int:
    """Bytes of the largest recorded partition, as they lie in the files."""
    recording = plan.recording
    return max(
        sum(each.bytes for each in recording.segments(topic.name, partition))
        + sum(path.stat().st_size for path in recording.open_segments(topic.name, partition))
        for partition in recording.partitions(topic.name)
    )


def _command(plan: ReplayPlan, full: str, entry: str) -> str:
    return (
        f"`kafka-configs.sh --bootstrap-server {plan.kafka.bootstrap_servers} --alter --entity-type topics "
        f"--entity-name {full} --add-config {entry}`"
    )
