"""A broker's disk fills up under way: one clear line, nothing corrupt, and it goes on once there is room again.

What a whole pipeline does then is in test_outage.py."""

from __future__ import annotations

import os
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
from tests.kafka_tools import read_all
from tests.logged import until
from tests.ports import free_port
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
