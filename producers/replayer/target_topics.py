"""Where it is replayed to: topics that exist, with partitions enough, and the schemas of what comes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping

from confluent_kafka import KafkaError
from fastavro.schema import to_parsing_canonical_form

from charles import topics
from charles.avro import foreign_schema
from charles.avro.codec import AvroSchema
from charles.avro.foreign_schema import NoSchema
from charles.kafka import errors, topic_admin
from charles.kafka.clients import admin, name, producer
from charles.kafka.schemas import SchemaStore
from charles.kafka.topic_admin import WrongTopics
from producers.replayer.plan import ReplayPlan
from producers.replayer.retention_warning import warnings

_FINGERPRINT_DIGITS = 16
_PATIENCE_S = 30.0
_JOINED_TOPICS = (topics.FRAMES, topics.CONTROLS)


def require_partitions(plan: ReplayPlan) -> None:
    """Raise WrongTopics where a topic that exists has fewer partitions than were recorded: a record keeps its own."""
    counts = topic_admin.partition_counts(admin(plan.kafka))
    for topic in plan.topics:
        full, recorded = name(plan.kafka, topic), len(plan.recording.partitions(topic.name))
        if counts.get(full, recorded) < recorded:
            raise WrongTopics(
                f"{full} has {counts[full]} partitions, but {recorded} were recorded: replay to another --prefix, "
                f"where the topics are created as recorded, or add partitions with `kafka-topics.sh --alter`"
            )


def prepare(plan: ReplayPlan) -> list[str]:
    """Make the topics and announce the schemas; returns what should be known before it begins.

    Raises what topic_admin.ensure() raises, TimeoutError, and WrongTopics where the cluster's schema registry has other
    schemas under the numbers that the values name.
    """
    topic_admin.ensure(plan.kafka, _partitions(plan, topic_admin.partition_counts(admin(plan.kafka))))
    _announce(plan)
    full_names = [name(plan.kafka, topic) for topic in plan.topics]
    configs = topic_admin.configs(admin(plan.kafka), full_names)
    return [*_registry_warnings(plan), *warnings(plan, configs, round(time.time() * 1000))]


def _partitions(plan: ReplayPlan, existing: Mapping[str, int]) -> dict[str, int]:
    """What new topics get: as many as were recorded; frames and controls alike, or nothing could be joined."""
    wanted = {topic.name: len(plan.recording.partitions(topic.name)) for topic in plan.topics}
    both = [wanted[topic.name] for topic in _JOINED_TOPICS if topic.name in wanted]
    there = [existing[full] for topic in _JOINED_TOPICS if (full := name(plan.kafka, topic)) in existing]
    if joint := max(there or both, default=0):
        wanted |= {topic.name: joint for topic in _JOINED_TOPICS}
        wanted[topics.BALANCER_STATE.name] = max(joint, topics.BALANCER_STATE.partitions)
    return wanted


def _announce(plan: ReplayPlan) -> None:
    """Tell the schemas whose fingerprints the values name. Raises TimeoutError, and AccessRefused."""
    refused: list[KafkaError] = []
    full = name(plan.kafka, topics.SCHEMAS)
    teller = producer(plan.kafka, **{"enable.idempotence": False})
    for key, schema in plan.recording.manifest.schemas.items():
        if len(key) == _FINGERPRINT_DIGITS:
            teller.produce(
                full, json.dumps(schema), key, on_delivery=lambda error, _: refused.append(error) if error else None
            )
    if teller.flush(_PATIENCE_S):
        raise TimeoutError(
            f"the schemas could not be published to {plan.kafka.bootstrap_servers} within {_PATIENCE_S:g} s"
        )
    for error in refused:
        raise errors.AccessRefused(f"the schemas could not be published to {full}: {error.str()}")


def _registry_warnings(plan: ReplayPlan) -> Iterator[str]:
    """Values with a schema registry's framing keep the numbers of their schemas, which must mean the same there."""
    numbered = {key: found for key, found in plan.recording.manifest.schemas.items() if len(key) < _FINGERPRINT_DIGITS}
    if not numbered:
        return
    if not plan.kafka.schema_registry_url:
        yield (
            f"values refer to schemas {', '.join(numbered)} of a schema registry: consumers need "
            f"kafka.schema_registry_url"
        )
        return
    schemas = SchemaStore(plan.kafka)
    for number, schema in numbered.items():
        there = schemas.find(int(number).to_bytes(4, "big"))
        if there is None or _canonical(there) != _canonical(schema):
            has = "none" if there is None else "a different one"
            raise WrongTopics(
                f"values refer to schema {number} of a schema registry, but kafka.schema_registry_url has {has}: use "
                f"the recorded registry, or a copy of it"
            )


def _canonical(schema: AvroSchema) -> str:
    try:
        return str(to_parsing_canonical_form(foreign_schema.parse(json.dumps(schema))))
    except NoSchema:
        return json.dumps(schema)
