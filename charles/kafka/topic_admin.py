"""Topics on the cluster: created from the topic table, inspected, corrected, deleted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from types import MappingProxyType
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from charles import topics
from charles.kafka.clients import admin, name, require_broker
from charles.kafka.errors import AccessRefused, asking, not_allowed
from charles.settings import Kafka
from charles.topics import AFTER_MAX, TOPICS, Topic

TIMEOUT_S = 30.0


class WrongTopics(RuntimeError):
    """The cluster's topics cannot be used; the message says which and what to do."""


def ensure(kafka: Kafka, partitions: Mapping[str, int] = MappingProxyType({})) -> list[str]:
    """Create the table's topics that the cluster lacks; returns the full names of those it created.

    partitions: counts that differ from the table, by short name. Several programs may do this at the same time. Returns
    once every topic can be written to. Raises BrokerUnavailable, WrongTopics as check_join() does, AccessRefused where
    one is missing that this user may not create, and KafkaException where the cluster refuses.
    """
    require_broker(kafka)
    client = admin(kafka)
    existing = partition_counts(client)
    missing = [topic for topic in TOPICS if name(kafka, topic) not in existing]
    created = _create(client, kafka, missing, partitions) if missing else []
    check_join(kafka, partition_counts(client))
    return created


def check_join(kafka: Kafka, counts: Mapping[str, int]) -> None:
    """Raise WrongTopics where frames and controls, as far as they exist, have different partition counts, or
    balancer-state fewer."""
    frames, controls = name(kafka, topics.FRAMES), name(kafka, topics.CONTROLS)
    state = name(kafka, topics.BALANCER_STATE)
    if frames in counts and controls in counts and counts[frames] != counts[controls]:
        raise WrongTopics(
            f"{frames} has {counts[frames]} partitions and {controls} has {counts[controls]}: the same key must be in "
            f"the same partition of both, or nothing can be joined. `charles topics --apply` adds the missing "
            f"partitions; existing records stay in their partitions"
        )
    if frames in counts and state in counts and counts[state] < counts[frames]:
        raise WrongTopics(
            f"{state} has {counts[state]} partitions and {frames} has {counts[frames]}: the balancer's state of a "
            f"partition is kept in the partition of the same number. `charles topics --apply` adds the missing "
            f"partitions"
        )


def partition_counts(client: AdminClient, timeout_s: float = TIMEOUT_S) -> dict[str, int]:
    """Every topic of the cluster and how many partitions it has. Raises KafkaException."""
    known = client.list_topics(timeout=timeout_s).topics
    return {topic: len(facts.partitions) for topic, facts in known.items() if facts.error is None}


def wanted_config(kafka: Kafka, topic: Topic) -> dict[str, str]:
    """The topic's configuration by the table and the settings, as Kafka spells it."""
    config = topic.config()
    if kafka.min_insync_replicas is not None:
        config["min.insync.replicas"] = str(kafka.min_insync_replicas)
    return config


def differing(kafka: Kafka, topic: Topic, found: Mapping[str, str | None]) -> dict[str, str]:
    """What should be otherwise in a topic's configuration, as it should be. A cluster before Kafka 3.6 does not know
    AFTER_MAX, and needs none."""
    return {
        key: value
        for key, value in wanted_config(kafka, topic).items()
        if found.get(key) != value and (key in found or key != AFTER_MAX)
    }


def apply(kafka: Kafka) -> list[str]:
    """Change existing topics to match the table: their configuration, and missing partitions.

    Returns what was changed, in words. frames and controls always get the same count, the highest that the table or
    either of them has, and balancer-state at least that. Partitions are never taken away: Kafka cannot.
    """
    require_broker(kafka)
    client = admin(kafka)
    counts = partition_counts(client)
    existing = [topic for topic in TOPICS if name(kafka, topic) in counts]
    changed = _add_partitions(client, kafka, existing, counts)
    found = configs(client, [name(kafka, topic) for topic in existing])
    resources = []
    for topic in existing:
        full = name(kafka, topic)
        wrong = differing(kafka, topic, found[full])
        if wrong:
            entries = [
                ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in wrong.items()
            ]
            resources.append(ConfigResource(ResourceType.TOPIC, full, incremental_configs=entries))
            changed += [f"{full}: {key} {found[full].get(key)} -> {value}" for key, value in wrong.items()]
    if resources:
        resolve(client.incremental_alter_configs(resources, request_timeout=TIMEOUT_S))
    return changed


def configs(client: AdminClient, full_names: Iterable[str]) -> dict[str, dict[str, str | None]]:
    """The configuration of these topics, the cluster's defaults included."""
    resources = [ConfigResource(ResourceType.TOPIC, full) for full in full_names]
    if not resources:
        return {}
    found = resolve(client.describe_configs(resources, request_timeout=TIMEOUT_S))
    return {resource.name: {key: entry.value for key, entry in entries.items()} for resource, entries in found.items()}


def under_prefix(kafka: Kafka) -> tuple[list[str], list[str]]:
    """The topics and the consumer groups whose names begin with the prefix and a dot."""
    require_broker(kafka)
    client = admin(kafka)
    start = f"{kafka.prefix}."
    groups = client.list_consumer_groups(request_timeout=TIMEOUT_S).result().valid
    return (
        sorted(topic for topic in partition_counts(client) if topic.startswith(start)),
        sorted(group.group_id for group in groups if group.group_id.startswith(start)),
    )


def delete_all(kafka: Kafka) -> tuple[list[str], list[str]]:
    """Delete every topic and consumer group under the prefix; returns their names.

    Raises WrongTopics if a group still has members, because its programs are still running.
    """
    full_names, groups = under_prefix(kafka)
    client = admin(kafka)
    if groups:
        for group, facts in resolve(client.describe_consumer_groups(groups, request_timeout=TIMEOUT_S)).items():
            if facts.members:
                raise WrongTopics(f"the group {group} still has members: stop its programs first")
        resolve(client.delete_consumer_groups(groups, request_timeout=TIMEOUT_S))
    if full_names:
        resolve(client.delete_topics(full_names, operation_timeout=TIMEOUT_S))
        _until(lambda: not set(full_names) & set(partition_counts(client)))
    return full_names, groups


def resolve(futures: Mapping[Any, Future[Any]]) -> dict[Any, Any]:
    """Every future's result. Raises the first failure, as AccessRefused for what this user may not do."""
    results = {}
    for key, future in futures.items():
        try:
            results[key] = future.result(TIMEOUT_S)
        except KafkaException as error:
            raise asking(error, key) from None
    return results


def _create(client: AdminClient, kafka: Kafka, missing: list[Topic], partitions: Mapping[str, int]) -> list[str]:
    counts = {topic: partitions.get(topic.name, topic.partitions) for topic in missing}
    created, unknown = _create_all(client, kafka, counts, wanted_config)
    if unknown:  # a cluster before Kafka 3.6 knows no such limit
        older = {topic: count for topic, count in counts.items() if name(kafka, topic) in unknown}
        created += _create_all(client, kafka, older, _config_before_3_6)[0]
    places = [TopicPartition(name(kafka, topic), number) for topic in missing for number in range(counts[topic])]
    _until(lambda: _in_use(kafka, places))
    return created


def _create_all(
    client: AdminClient, kafka: Kafka, counts: Mapping[Topic, int], config: Callable[[Kafka, Topic], dict[str, str]]
) -> tuple[list[str], list[str]]:
    """Create topics with so many partitions; the names of those that it created, and of those whose limit of the times
    the cluster does not know."""
    wanted = [
        NewTopic(
            name(kafka, topic),
            num_partitions=count,
            replication_factor=kafka.replication_factor,
            config=config(kafka, topic),
        )
        for topic, count in counts.items()
    ]
    created, unknown = [], []
    for full, outcome in client.create_topics(wanted, operation_timeout=TIMEOUT_S).items():
        try:
            outcome.result(TIMEOUT_S)
            created.append(full)
        except KafkaException as error:
            if not_allowed(error.args[0]):
                raise AccessRefused(
                    f"the topic {full} does not exist, or this user may neither see nor create it. Run `charles "
                    f"topics` as a user who may; `charles acls` shows what each program needs"
                ) from None
            if error.args[0].code() == KafkaError.INVALID_CONFIG and AFTER_MAX in error.args[0].str():
                unknown.append(full)
            elif error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # else another program was quicker
                raise
    return created, unknown


def _config_before_3_6(kafka: Kafka, topic: Topic) -> dict[str, str]:
    return {key: value for key, value in wanted_config(kafka, topic).items() if key != AFTER_MAX}


def _in_use(kafka: Kafka, partitions: list[TopicPartition]) -> bool:
    """Whether every partition's leader serves it. It does so a moment after the metadata names it; until then requests
    fail in various ways."""
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    client = admin(kafka)  # a client that has met a partition without a leader believes in that for half a minute
    if not _have_leaders(client, partitions):  # else the client would ask for them again only after three seconds
        return False
    try:
        resolve(client.list_offsets(dict.fromkeys(partitions, latest), request_timeout=TIMEOUT_S))
    except KafkaException:
        return False
    return True


def _have_leaders(client: AdminClient, partitions: list[TopicPartition]) -> bool:
    known = client.list_topics(timeout=TIMEOUT_S).topics
    return all(
        partition.topic in known
        and partition.partition in (parts := known[partition.topic].partitions)
        and parts[partition.partition].leader >= 0
        for partition in partitions
    )


def _add_partitions(client: AdminClient, kafka: Kafka, existing: list[Topic], counts: Mapping[str, int]) -> list[str]:
    joined = (topics.FRAMES, topics.CONTROLS)
    joint = max([topic.partitions for topic in joined] + [counts.get(name(kafka, topic), 0) for topic in joined])
    with_them = (*joined, topics.BALANCER_STATE)
    wanted = {name(kafka, topic): joint if topic in with_them else topic.partitions for topic in existing}
    more = {full: count for full, count in wanted.items() if counts[full] < count}
    if more:
        resolve(client.create_partitions([NewPartitions(full, count) for full, count in more.items()]))
    return [f"{full}: {counts[full]} partitions -> {count}" for full, count in more.items()]


def _until(true: Any) -> None:
    """Wait until the cluster's metadata shows the change; it follows the controller within milliseconds."""
    deadline = time.monotonic() + TIMEOUT_S
    while not true():
        if time.monotonic() > deadline:
            raise WrongTopics(f"the cluster has not shown the changed topics for {TIMEOUT_S:g} s")
        time.sleep(0.02)
