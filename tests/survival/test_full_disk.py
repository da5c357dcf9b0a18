"""A disk fills up under way: one clear line, nothing corrupt, and everything goes on once there is room again."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, Message

from charles import topics
from charles.kafka import topic_admin
from charles.kafka.clients import name, producer
from charles.settings import Kafka
from infra.kafka import BrokerError
from infra.kafka.broker import LocalBroker
from infra.kafka.data_folder import MIN_FREE_BYTES
from infra.kafka.disk_watchdog import LEAST_FREE_BYTES
from tests.kafka_tools import read_all
from tests.logged import until
from tests.ports import free_port
from tests.survival import checks, pipeline
from tests.survival.disks import Disk, small_disk

_MIB = 1 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Large enough for a broker to start on."""
    with small_disk(tmp_path / "disk", MIN_FREE_BYTES // _MIB + 100) as disk:
        yield disk


@pytest.fixture
def broker(disk: Disk) -> Iterator[LocalBroker]:
    """A broker on the small disk."""
    broker = LocalBroker(disk.folder / "kafka", free_port())
    yield broker
    broker.stop()


@pytest.mark.slow
@pytest.mark.parametrize("leave", [0, 4096, 24 * 1024], ids=["nothing", "a page", "some pages"])
def test_a_broker_whose_disk_is_full_ends_and_its_next_start_mends_everything(
    disk: Disk, broker: LocalBroker, leave: int
) -> None:
    kafka = Kafka(bootstrap_servers=broker.start(detached=False))
    topic_admin.ensure(kafka)
    sender, acknowledged = producer(kafka), set()

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is None:
            acknowledged.add(message.key())

    def send(count: int) -> None:
        for _ in range(count):
            sender.produce(name(kafka, topics.CONTROLS), os.urandom(3_000), os.urandom(8).hex(), on_delivery=delivered)
            sender.poll(0.001)

    send(500)
    assert sender.flush(20) == 0
    disk.fill(leave)

    def died() -> bool:
        send(10)
        return not broker.started_here

    until(died)
    assert broker.why_it_died().startswith(f"the disk of {broker.data} is full: 0 MiB are free")
    with pytest.raises(BrokerError, match="is full: 0 MiB are free, 1024 are needed"):
        broker.start(detached=False)

    disk.make_room()
    broker.start(detached=False)
    send(500)
    assert sender.flush(60) == 0
    kept = Counter(message.key() for message in read_all(kafka, topics.CONTROLS))
    assert acknowledged <= kept.keys()
    assert len(acknowledged) >= 1_000
    assert set(kept.values()) == {1}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_pipeline_outlives_a_full_disk_of_its_broker(disk: Disk, broker: LocalBroker, tmp_path: Path) -> None:
    kafka = Kafka(bootstrap_servers=broker.start(detached=False))
    with pipeline.running(kafka, tmp_path) as running:
        running.until(pipeline.learning)
        running.watch(10)
        before, told = running.look(), pipeline.said(running)
        disk.fill(leave=LEAST_FREE_BYTES + 4 * _MIB)  # the rest is the pipeline's to fill
        running.until(lambda _: not broker.started_here)
        # "was" where the death of the broker made room.
        assert re.match(rf"the disk of {re.escape(str(broker.data))} (is|was) full: ", broker.why_it_died())
        running.watch(10)
        disk.make_room()
        broker.start(detached=False)
        print("s to go on:", took := pipeline.go_on(running))
        running.watch(20)
        print("lines:", {each: count - told[each] for each, count in pipeline.said(running).items()})

    checks.assert_exactly_once(kafka)
    assert checks.newest_checkpoint(kafka).batch > before["trainer-1"].batch
    checks.assert_learns_on(kafka, before["trainer-1"].batch)
    assert max(took.values()) < pipeline.BACK_S
