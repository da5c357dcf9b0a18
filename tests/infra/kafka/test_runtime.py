"""Which Java and Kafka are used, and Kafka's own tools from the same jars."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from infra.kafka import BrokerError
from infra.kafka.aot import prepared
from infra.kafka.find_runtime import find_runtime, tool
from infra.kafka.runtime import Runtime


def test_kafkas_own_console_consumer_reads_what_was_written(broker: str) -> None:
    admin = AdminClient({"bootstrap.servers": broker})
    admin.create_topics([NewTopic("console", 1, 1)])["console"].result(10)
    producer = Producer({"bootstrap.servers": broker})
    producer.produce("console", key="collector-1", value="hello", headers={"tick": "7"})
    producer.flush(10)
    shown = tool(
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
        *("--bootstrap-server", broker, "--topic", "console", "--from-beginning", "--max-messages", "1"),
        *("--formatter-property", "print.key=true", "--formatter-property", "print.headers=true"),
    )
    assert shown.split() == ["tick:7", "collector-1", "hello"]


def test_a_tool_that_fails_says_so(broker: str) -> None:
    with pytest.raises(BrokerError, match=r"TopicCommand failed with 1: .*"):
        tool("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", broker, "--describe", "--topic", "nowhere")


def test_kafka_home_is_used_instead_of_the_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = find_runtime()
    libs = tmp_path / "libs"
    libs.mkdir()
    for jar in ours.jars:
        (libs / jar.name).symlink_to(jar)
    monkeypatch.setenv("KAFKA_HOME", str(tmp_path))
    installed = find_runtime()
    assert {jar.parent for jar in installed.jars} == {libs}
    assert installed.version == ours.version
    assert installed.aot_cache is None


def test_a_kafka_home_without_kafka_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_HOME", str(tmp_path))
    with pytest.raises(BrokerError, match="KAFKA_HOME"):
        find_runtime()


def test_an_aot_cache_that_cannot_be_made_is_not_tried_again_at_once(tmp_path: Path) -> None:
    java = tmp_path / "jre" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text("#!/bin/sh\nexit 1\n")
    java.chmod(0o755)
    (tmp_path / "jre" / "release").write_text("none")
    steps: list[str] = []

    def prepare_it() -> None:
        assert prepared(Runtime(java, (), "0"), tmp_path, lambda step, _done, _total: steps.append(step)) is None

    prepare_it()
    prepare_it()
    assert len(steps) == 1
    (failed,) = tmp_path.glob("*.aot")
    two_hours_ago = time.time() - 2 * 3600
    os.utime(failed, (two_hours_ago, two_hours_ago))
    prepare_it()
    assert len(steps) == 2
