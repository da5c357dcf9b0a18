"""The `charles` command."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from charles.cli import app
from charles.settings import Kafka
from tests.patience import PATIENCE_S

COMMANDS = ["collect", "balance", "train", "play", "demo", "evaluate", "ledger", "topics", "reset"]


def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    from os import environ

    return subprocess.run(
        [sys.executable, "-m", "charles", *arguments],
        env=environ | (env or {}),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )


def test_help_needs_none_of_the_heavy_libraries() -> None:
    heavy = ["tensorflow", "numpy", "cv2", "confluent_kafka", "fastavro", "pydantic", "gymnasium", "matplotlib"]
    code = f"import sys, charles.cli; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps_with_an_example(command: str) -> None:
    told = CliRunner().invoke(app, [command, "--help"])
    assert told.exit_code == 0
    assert "Example: " in told.output
    assert f"charles {command}" in told.output.split("Example: ")[1]


def test_a_broker_that_is_not_there_is_one_clear_line() -> None:
    told = run("ledger", env={"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"})
    assert told.returncode == 1
    assert told.stderr.splitlines() == [
        "no Kafka broker answers at 127.0.0.1:1 (Connect to ipv4#127.0.0.1:1 failed: Connection refused); `charles "
        "kafka start` starts one on this machine, KAFKA_BOOTSTRAP_SERVERS names another"
    ]


def test_a_wrong_setting_is_one_clear_line() -> None:
    told = run("balance", env={"CHARLES_BALANCE__BIN_CAPACITY": "many"})
    assert told.returncode == 1
    assert "balance.bin_capacity" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_ledger_of_an_empty_cluster_adds_up(kafka: Kafka) -> None:
    env = {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers, "CHARLES_KAFKA__PREFIX": kafka.prefix}
    told = run("ledger", "--json", env=env)
    assert told.returncode == 0
    assert json.loads(told.stdout)["adds_up"]
