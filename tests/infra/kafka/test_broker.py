"""The local broker's life: start, kill -9, stop, and every reason for which it must not or cannot start."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from infra.kafka import BrokerError, broker_process, data_folder
from infra.kafka import broker as broker_module
from infra.kafka.broker import LocalBroker
from infra.kafka.find_runtime import find_runtime

FEW_SECONDS = 30
"""Two seconds where nothing else runs; two busy cores have taken 13."""


def test_it_answers_within_seconds_and_leaves_no_process_behind(own_broker: LocalBroker) -> None:
    find_runtime()  # downloads and AOT training belong to a first start
    began = time.monotonic()
    bootstrap = own_broker.start(detached=False)
    took = time.monotonic() - began
    status = own_broker.status()

    assert took < FEW_SECONDS
    assert AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=5).brokers
    assert status.running
    assert status.ready
    assert status.bootstrap == bootstrap == f"127.0.0.1:{own_broker.port}"
    assert status.cluster_id is not None
    assert status.rss_bytes is not None
    assert status.rss_bytes < 700 * 2**20
    assert status.disk_bytes > 0
    assert own_broker.log_path.stat().st_size > 0

    assert status.pid is not None
    assert own_broker.stop()
    assert not psutil.pid_exists(status.pid)
    assert not own_broker.status().running
    assert not own_broker.stop()


def test_it_listens_on_loopback_only(own_broker: LocalBroker) -> None:
    own_broker.start(detached=False)
    listeners = psutil.Process(own_broker.status().pid).net_connections("tcp")
    addresses = {each.laddr.ip for each in listeners if each.status == psutil.CONN_LISTEN}
    assert addresses <= {"127.0.0.1", "::ffff:127.0.0.1"}


def test_a_start_beside_a_running_one_changes_nothing(own_broker: LocalBroker) -> None:
    own_broker.start(detached=False)
    second = LocalBroker(own_broker.data, own_broker.port)
    assert second.start() == own_broker.bootstrap
    assert not second.started_here
    assert second.status().pid == own_broker.status().pid
    with pytest.raises(BrokerError, match=f"is already running on port {own_broker.port}"):
        LocalBroker(own_broker.data, own_broker.port + 1).start()


def test_kill_9_and_a_new_start_lose_and_repeat_nothing_that_was_acknowledged(own_broker: LocalBroker) -> None:
    bootstrap = own_broker.start(detached=False)
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result(10)
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "log_level": 0, "linger.ms": 1})
    acknowledged: set[int] = set()

    def delivered(error: KafkaError | None, message: Message) -> None:
        assert error is None
        acknowledged.add(int(message.key() or b""))

    def produce(numbers: range) -> None:
        for number in numbers:
            producer.produce("kept", key=str(number), value=os.urandom(4_000), on_delivery=delivered)
            producer.poll(0)

    produce(range(2_000))
    while len(acknowledged) < 500:
        producer.poll(1)
    psutil.Process(own_broker.status().pid).kill()
    while own_broker.started_here:
        time.sleep(0.05)
    assert own_broker.why_it_died().startswith("it was killed (signal 9)")
    before = set(acknowledged)
    produce(range(2_000, 3_000))  # while nobody is there

    began = time.monotonic()
    own_broker.start(detached=False)
    took = time.monotonic() - began
    assert producer.flush(60) == 0

    assert took < 2 * FEW_SECONDS
    assert len(before) >= 500
    assert acknowledged == set(range(3_000))
    assert read_keys(bootstrap, "kept") == Counter(range(3_000))


def read_keys(bootstrap: str, topic: str) -> Counter[int]:
    """How often each key stands in partition 0 of topic."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", "enable.auto.commit": False})
    _, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
    consumer.assign([TopicPartition(topic, 0, 0)])
    keys: Counter[int] = Counter()
    while keys.total() < end:
        messages = consumer.consume(500, timeout=10)
        assert messages, f"only {keys.total()} of {end} messages came"
        keys.update(int(message.key() or b"") for message in messages)
    consumer.close()
    return keys


def test_a_broker_outlives_an_owner_that_is_killed_by_seconds_in_which_others_can_write(
    own_broker: LocalBroker,
) -> None:
    code = (
        "import sys; from pathlib import Path; from infra.kafka.broker import LocalBroker\n"
        "LocalBroker(Path(sys.argv[1]), int(sys.argv[2])).start(detached=False); print('up', flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(own_broker.data), str(own_broker.port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "up\n"
        broker = psutil.Process(own_broker.status().pid)
        owner.kill()
    assert psutil.wait_procs([broker], timeout=2)[1] == [broker]
    assert psutil.wait_procs([broker], timeout=FEW_SECONDS)[0] == [broker]
    assert not own_broker.status().running


def test_a_port_in_use_is_named_with_who_has_it(own_broker: LocalBroker) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", own_broker.port))
        other.listen()
        with pytest.raises(BrokerError, match=rf"port {own_broker.port} is in use by .*\(pid {os.getpid()}\)"):
            own_broker.start(detached=False)
    assert not own_broker.data.exists()


def test_a_full_disk_is_told_before_anything_is_written(
    own_broker: LocalBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(own_broker.data.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=100 * 2**20))
    with pytest.raises(BrokerError, match="is full: 100 MiB are free, 1024 are needed"):
        own_broker.start(detached=False)
    assert not (own_broker.data / "log").exists()
    assert broker_process.running(own_broker.data) is None


def test_a_broker_that_dies_while_it_starts_says_why(own_broker: LocalBroker) -> None:
    data_folder.prepare(find_runtime(), own_broker.data, 9092, 9093)
    (own_broker.data / "log" / "bootstrap.checkpoint").write_bytes(b"x" * 100)
    with pytest.raises(BrokerError, match="No FeatureLevelRecord") as failure:
        own_broker.start(detached=False)
    assert str(own_broker.log_path) in str(failure.value)
    assert not own_broker.status().running


def test_a_heap_that_is_too_small_says_so(own_broker: LocalBroker) -> None:
    own_broker.heap_mb = 8
    with pytest.raises(BrokerError, match="heap was too small"):
        own_broker.start(detached=False)


def test_an_aot_cache_that_java_cannot_use_only_costs_time(
    own_broker: LocalBroker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.aot"
    broken.write_bytes(os.urandom(4_096))
    runtime = replace(find_runtime(), aot_cache=broken)
    monkeypatch.setattr(broker_module, "find_runtime", lambda _progress: runtime)
    own_broker.start(detached=False)
    assert own_broker.status().ready
