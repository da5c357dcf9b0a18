"""The broker's figures for Prometheus, from a real broker with the agent in it."""

from __future__ import annotations

import re
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from infra.kafka import BrokerError, jmx_agent
from infra.kafka.broker import LocalBroker
from infra.kafka.jars import AGENT_FILE, pinned
from tests.ports import free_port

SENT = 100


@pytest.fixture
def measured(tmp_path: Path) -> Iterator[LocalBroker]:
    """A broker that may be started and offers its figures."""
    local = LocalBroker(tmp_path / "kafka", free_port(), metrics_port=free_port())
    yield local
    local.stop()


def use(bootstrap: str) -> None:
    """Write to a topic and read it in a group."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic("used", 1, 1)])["used"].result(30)
    producer = Producer({"bootstrap.servers": bootstrap})
    for _ in range(SENT):
        producer.produce("used", b"x" * 100)
    assert producer.flush(30) == 0
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"})
    reader.subscribe(["used"])
    read = 0
    while read < SENT:
        read += len(reader.consume(SENT, timeout=1.0))
    reader.close()


def page(port: int | None) -> tuple[str, list[Sample]]:
    """The page as it is, and its samples."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    return text, [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def test_every_figure_that_has_a_name_has_a_value_on_loopback_alone(measured: LocalBroker) -> None:
    use(measured.start(detached=False))
    text, samples = page(measured.metrics_port)

    named = set(re.findall(r"name: (kafka_\w+)", jmx_agent.RULES.read_text(encoding="utf-8")))
    there = {sample.name for sample in samples if sample.name.startswith("kafka_")}
    assert len(named) == 12
    assert there == named
    assert all(f"# HELP {name} " in text for name in named)

    of_topic = {sample.name: sample.value for sample in samples if sample.labels.get("topic") == "used"}
    assert of_topic["kafka_server_messages_in_total"] == SENT
    assert of_topic["kafka_server_bytes_in_total"] > 100 * SENT
    assert of_topic["kafka_server_bytes_out_total"] > 100 * SENT
    assert of_topic["kafka_log_size_bytes"] > 100 * SENT
    alone = {sample.name: sample.value for sample in samples if not sample.labels}
    assert alone["kafka_controller_active_controllers"] == 1
    assert alone["kafka_controller_offline_partitions"] == 0
    assert any(s.name == "jvm_memory_used_bytes" and s.labels == {"area": "heap"} and s.value > 0 for s in samples)
    produce = [s for s in samples if s.name == "kafka_network_request_seconds" and s.labels["request"] == "Produce"]
    assert {s.labels["percentile"] for s in produce} == {"50", "95", "99"}
    assert all(0 < s.value < 60 for s in produce)

    status = measured.status()
    listeners = psutil.Process(status.pid).net_connections("tcp")
    addresses = {each.laddr.ip for each in listeners if each.status == psutil.CONN_LISTEN}
    assert addresses <= {"127.0.0.1", "::ffff:127.0.0.1"}


def test_a_port_that_is_taken_is_told_before_anything_starts(measured: LocalBroker) -> None:
    other = LocalBroker(measured.data.parent / "other", measured.metrics_port or 0)
    other.start(detached=False)
    try:
        with pytest.raises(BrokerError, match=rf"port {measured.metrics_port} is in use.*another --metrics-port"):
            measured.start(detached=False)
    finally:
        other.stop()
    assert not measured.status().running


def test_the_agent_is_put_where_another_broker_can_take_it_from(tmp_path: Path) -> None:
    jmx_agent.put(tmp_path / "jmx")
    (jar,) = pinned(AGENT_FILE)
    put = tmp_path / "jmx" / "jmx_prometheus_javaagent.jar"
    put.rename(put.with_name(jar.name))
    assert jar.is_whole(tmp_path / "jmx")
    assert (tmp_path / "jmx" / "jmx.yml").read_bytes() == jmx_agent.RULES.read_bytes()
