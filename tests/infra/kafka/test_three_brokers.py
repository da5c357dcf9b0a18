"""A cluster of three brokers that loses one of them under a running pipeline."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from charles import topics
from charles.events import Status
from charles.kafka import topic_admin
from charles.kafka.clients import admin, answers, name
from charles.settings import Kafka
from infra.kafka.data_folder import new_cluster_id
from infra.kafka.find_runtime import find_runtime
from infra.kafka.ports import LOOPBACK
from tests.logged import until
from tests.nodes import Node
from tests.patience import PATIENCE_S
from tests.survival.checks import assert_exactly_once
from tests.survival.pipeline import COLLECTORS, Pipeline, running

BALANCERS = ("balancer-1", "balancer-2")
PROGRAMS = (*COLLECTORS, *BALANCERS, "trainer-1")
REPLICAS, IN_SYNC = 3, 2


@contextmanager
def cluster(folder: Path) -> Iterator[dict[int, Node]]:
    """Three nodes by their ids, each broker and controller, until the block ends."""
    runtime, identity = find_runtime(), new_cluster_id()
    nodes = {number: Node(folder / f"node-{number}", runtime) for number in range(1, REPLICAS + 1)}
    controllers = {number: f"{LOOPBACK}:{node.controller_port}" for number, node in nodes.items()}
    voters = ",".join(f"{number}@{place}:{new_cluster_id()}" for number, place in controllers.items())
    try:
        for number, node in nodes.items():
            node.extra = [f"node.id={number}", f"controller.quorum.bootstrap.servers={','.join(controllers.values())}"]
            node.extra += replicated()
            node.format(identity, "--initial-controllers", voters)
            node.start()
        for node in nodes.values():
            lone = Kafka(bootstrap_servers=node.bootstrap)
            node.wait_until(lambda lone=lone: answers(admin(lone, error_cb=lambda _error: None)))  # type: ignore[misc]
        yield nodes
    finally:
        for node in nodes.values():
            node.stop()


def replicated() -> Sequence[str]:
    """What such a cluster has in its server.properties and a single broker has not."""
    internal = ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")
    return [
        f"default.replication.factor={REPLICAS}",
        f"min.insync.replicas={IN_SYNC}",
        *(f"{topic}.replication.factor={REPLICAS}" for topic in internal),
        *(f"{topic}.min.isr={IN_SYNC}" for topic in internal[1:]),
        # A busy machine is silent for seconds now and then, and a broker that is only that shall not be taken for dead.
        "broker.session.timeout.ms=6000",
        "broker.heartbeat.interval.ms=1000",
    ]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9 there")
def test_a_cluster_loses_a_broker_and_the_pipeline_nothing(tmp_path: Path) -> None:
    with cluster(tmp_path) as nodes:
        servers = ",".join(node.bootstrap for node in nodes.values())
        kafka = Kafka(bootstrap_servers=servers, replication_factor=REPLICAS, min_insync_replicas=IN_SYNC)
        topic_admin.ensure(kafka)
        until(lambda: in_sync(kafka) == REPLICAS, PATIENCE_S)
        with running(kafka, tmp_path, PROGRAMS) as pipeline:
            pipeline.until(lambda alive: at_work(alive, 5))
            victim = leader(kafka)
            nodes[victim].kill()
            before = {instance: told[-1] for instance, told in pipeline.heard.items()}
            pipeline.until(lambda alive: further(alive, before))
            assert in_sync(kafka) == REPLICAS - 1
            nodes[victim].start()
            until(lambda: in_sync(kafka) == REPLICAS, PATIENCE_S)
        assert_nothing_is_lost(kafka, pipeline)


def at_work(alive: dict[str, Status], batches: int) -> bool:
    """Whether both balancers have partitions and make sets, and the trainer has learned so many batches."""
    made = [alive[one].figures.get("emitted", 0) for one in BALANCERS if one in alive]
    learned = alive["trainer-1"].batch if "trainer-1" in alive else 0
    return alive.keys() >= {*PROGRAMS} and len(made) == len(BALANCERS) and all(made) and learned >= batches


def further(alive: dict[str, Status], before: dict[str, Status]) -> bool:
    """Whether every program has come further than it was: published, emitted since it took over, learned."""
    return (
        alive.keys() >= {*PROGRAMS}
        and all(alive[one].state == "running" and alive[one].figures["queued"] < 30 for one in COLLECTORS)
        and all(alive[one].state == "running" and alive[one].rate > 0 for one in BALANCERS)
        and alive["trainer-1"].batch >= before["trainer-1"].batch + 10
    )


def leader(kafka: Kafka) -> int:
    """The broker through which every sample goes."""
    full = name(kafka, topics.BALANCED)
    return int(admin(kafka).list_topics(full, timeout=30).topics[full].partitions[0].leader)


def in_sync(kafka: Kafka) -> int:
    """On how many brokers the topics stand whole: of all their partitions the fewest."""
    known = admin(kafka).list_topics(timeout=30).topics
    partitions = [place for topic in topics.TOPICS for place in known[name(kafka, topic)].partitions.values()]
    return min(len(place.isrs) for place in partitions)


def assert_nothing_is_lost(kafka: Kafka, pipeline: Pipeline) -> None:
    """The ledger adds up, no sample stands twice, and only what a collector gave up itself is missing."""
    total = assert_exactly_once(kafka)
    given_up = sum(pipeline.heard[collector][-1].figures["dropped"] for collector in COLLECTORS)
    assert total.terms["missing"] + total.terms["unmatched"] <= given_up
    assert total.terms["dead_lettered"] == 0
    print(f"{total.seen} ticks seen, {total.terms['emitted']} emitted, {given_up:g} given up by collectors")
