"""A balancer that is killed while samples wait, and another one of its group that goes on with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.harness import Contest, Figures
from benchmarks.place import BenchPlace
from benchmarks.waiting import SAMPLES, WaitingFeed, balancer, in_bins, seconds_to_first_sample, until
from charles import topics
from charles.kafka.clients import admin, group, name
from charles.kafka.reading import spans
from charles.kafka.topic_admin import resolve
from charles.settings import Kafka


@contextmanager
def takeover(place: BenchPlace) -> Iterator[Contest]:
    """Seconds from kill -9 to the first sample, which only the other balancer can make."""

    def ours() -> Figures:
        kafka, samples = place.cluster(), place.count(SAMPLES)
        feed = WaitingFeed(kafka)
        feed.fill(samples)
        with balancer(kafka, 1) as first, balancer(kafka, 2) as second:
            processes = {group(kafka, "balancer-balancer-1"): first, group(kafka, "balancer-balancer-2"): second}
            until(lambda: in_bins(kafka) == samples and {*_owners(kafka).values()} == {*processes}, "all samples wait")
            killed = processes[_owners(kafka)[_partition(kafka)]]
            return seconds_to_first_sample(kafka, feed, killed.kill)

    yield Contest(ours, None)


def _partition(kafka: Kafka) -> int:
    """The input partition that holds records."""
    found = spans(kafka, name(kafka, topics.FRAMES))
    return next(partition for partition, span in found.items() if span.first < span.end)


def _owners(kafka: Kafka) -> dict[int, str]:
    """Which member of the group reads each input partition."""
    balancers = group(kafka, "balancer")
    client = admin(kafka)  # without which no answer comes
    facts = resolve(client.describe_consumer_groups([balancers], request_timeout=10))[balancers]
    return {
        place.partition: str(member.group_instance_id)
        for member in facts.members
        for place in (member.assignment.topic_partitions or ())
    }
