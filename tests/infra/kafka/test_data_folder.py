"""Which data folders a broker may be started in."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from infra.kafka import BrokerError, broker_process
from infra.kafka.data_folder import cluster_id, prepare, require_own
from infra.kafka.find_runtime import find_runtime


def test_a_folder_keeps_its_cluster_whatever_the_ports(tmp_path: Path) -> None:
    prepare(find_runtime(), tmp_path, 9092, 9093)
    made = cluster_id(tmp_path)
    properties = prepare(find_runtime(), tmp_path, 19092, 19093).read_text()
    assert made is not None
    assert cluster_id(tmp_path) == made
    assert "127.0.0.1:19092" in properties
    assert "127.0.0.1:9092" not in properties
    assert "$" not in properties


def test_the_data_of_another_cluster_is_refused(tmp_path: Path) -> None:
    runtime = find_runtime()
    ours, other = tmp_path / "ours", tmp_path / "other"
    prepare(runtime, ours, 9092, 9093)
    prepare(runtime, other, 9092, 9093)
    (ours / "log").rename(tmp_path / "away")
    (other / "log").rename(ours / "log")
    with pytest.raises(BrokerError, match=f"another cluster .cluster {cluster_id(ours)}"):
        prepare(runtime, ours, 9092, 9093)


def test_the_log_folder_of_an_installed_kafka_is_refused(tmp_path: Path) -> None:
    (tmp_path / "meta.properties").write_text("version=1\nnode.id=1\ncluster.id=abc\n")
    with pytest.raises(BrokerError, match="another Kafka"):
        require_own(find_runtime(), tmp_path)


def test_the_data_of_another_node_is_refused(tmp_path: Path) -> None:
    runtime = find_runtime()
    prepare(runtime, tmp_path, 9092, 9093)
    meta = tmp_path / "log" / "meta.properties"
    meta.write_text(meta.read_text().replace("node.id=1", "node.id=7"))
    with pytest.raises(BrokerError, match="node 7"):
        prepare(runtime, tmp_path, 9092, 9093)


def test_the_data_of_a_newer_kafka_is_refused(tmp_path: Path) -> None:
    runtime = find_runtime()
    prepare(runtime, tmp_path, 9092, 9093)
    (tmp_path / "cluster.json").write_text(json.dumps({"cluster_id": cluster_id(tmp_path), "kafka": "5.0.0"}))
    with pytest.raises(BrokerError, match=f"written by Kafka 5.0.0, which is newer than this one .{runtime.version}"):
        prepare(runtime, tmp_path, 9092, 9093)


def test_an_interrupted_format_is_done_again(tmp_path: Path) -> None:
    unfinished = tmp_path / "log.formatting"
    unfinished.mkdir()
    (unfinished / "bootstrap.checkpoint").write_bytes(b"half")
    prepare(find_runtime(), tmp_path, 9092, 9093)
    assert cluster_id(tmp_path) is not None
    assert not unfinished.exists()


def test_only_one_process_can_claim_a_folder(tmp_path: Path) -> None:
    broker_process.claim(tmp_path, 9092, "4.3.1")
    with pytest.raises(BrokerError, match="another process is already starting"):
        broker_process.claim(tmp_path, 9092, "4.3.1")


def test_what_a_dead_process_left_claimed_is_free(tmp_path: Path) -> None:
    note = tmp_path / "broker.json"
    # This process's number, but made at another time: the number was given out again.
    note.write_text(json.dumps({"pid": os.getpid(), "created": 1.0, "broker": True, "port": 9092, "version": "4.3.1"}))
    assert broker_process.running(tmp_path) is None
    broker_process.claim(tmp_path, 9093, "4.3.1")
    held = broker_process.running(tmp_path)
    assert held is not None
    assert held.port == 9093
