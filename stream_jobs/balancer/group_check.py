"""Whether the members of the balancers' group have all partitions between them.

A member that comes back within its session timeout is given what it had before, without a new assignment. Where
partitions were added meanwhile nobody sees them come, and nobody would ever read them.
"""

from __future__ import annotations

from confluent_kafka import ConsumerGroupState, KafkaException

from charles import topics
from charles.kafka.clients import admin, group, name
from charles.kafka.topic_admin import WrongTopics, partition_counts
from charles.settings import Kafka

_ANSWER_S = 2.0


def check(kafka: Kafka) -> bool:
    """Whether all is well; false when it cannot be told now: the group is assigning, or the broker does not answer.

    Raises WrongTopics where partitions of frames are nobody's.
    """
    client, frames, own = admin(kafka), name(kafka, topics.FRAMES), group(kafka, "balancer")
    try:
        count = partition_counts(client, _ANSWER_S)[frames]
        facts = client.describe_consumer_groups([own], request_timeout=_ANSWER_S)[own].result(_ANSWER_S)
    except (KafkaException, TimeoutError):
        return False
    if facts.state != ConsumerGroupState.STABLE:
        return False
    held = [place for member in facts.members if member.assignment for place in member.assignment.topic_partitions]
    left = set(range(count)) - {place.partition for place in held if place.topic == frames}
    if left:
        raise WrongTopics(
            f"partitions {sorted(left)} of {frames} were just added and are not assigned to any balancer; leaving the "
            f"group for a few seconds to trigger a new assignment"
        )
    return True
