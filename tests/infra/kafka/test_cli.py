"""`charles kafka` as a user meets it: processes of their own, which see each other's broker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from charles.cli.kafka import app
from infra.kafka.broker import LocalBroker
from tests.patience import PATIENCE_S
from tests.ports import free_port


def charles_kafka(*args: str, cluster: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from charles.cli.kafka import app; app()", *args]
    environment = {name: value for name, value in os.environ.items() if name != "KAFKA_BOOTSTRAP_SERVERS"}
    if cluster:
        environment["KAFKA_BOOTSTRAP_SERVERS"] = cluster
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=PATIENCE_S, check=False)


def test_a_started_broker_outlives_the_command_and_another_one_stops_it(own_broker: LocalBroker) -> None:
    folder, port = ("--data", str(own_broker.data)), own_broker.port
    started = charles_kafka("start", *folder, "--port", str(port))
    assert started.returncode == 0, started.stderr
    assert f"answers at 127.0.0.1:{port}" in started.stdout

    status = charles_kafka("status", *folder, "--json")
    facts = json.loads(status.stdout)
    assert status.returncode == 0
    assert facts["ready"]
    assert facts["port"] == port

    assert len(charles_kafka("logs", *folder, "-n", "3").stdout.splitlines()) == 3
    again = charles_kafka("start", *folder, "--port", str(free_port()))
    assert again.returncode == 1
    assert again.stderr.startswith("the broker of")
    assert len(again.stderr.strip().splitlines()) == 1

    assert charles_kafka("stop", *folder).stdout.startswith("Stopped")
    assert charles_kafka("status", *folder).returncode == 1


def test_with_somebody_elses_cluster_nothing_is_started(tmp_path: Path) -> None:
    result = charles_kafka("start", "--data", str(tmp_path / "kafka"), cluster="elsewhere:9092")
    assert result.returncode == 0, result.stderr
    assert "name the cluster elsewhere:9092" in result.stdout
    assert not (tmp_path / "kafka").exists()


@pytest.mark.parametrize("command", ["start", "stop", "status", "logs"])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    assert f"Example: charles kafka {command}" in CliRunner().invoke(app, [command, "--help"]).output
