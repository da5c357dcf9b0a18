"""`charles status`."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys

import pytest

from charles import topics
from charles.control.link import VERSION
from charles.settings import Kafka
from tests.cli.commands import charles, environment
from tests.patience import PATIENCE_S
from tests.programs import heard, running
from tests.top.pipeline import publish, status

HERE = socket.gethostname()
NOBODY = Kafka(bootstrap_servers="127.0.0.1:1")


def test_a_program_that_runs_is_well_and_everything_of_it_is_told(kafka: Kafka) -> None:
    with running("balance", kafka, {"balance": {"bins": 11}}) as process:
        heard(kafka, lambda status: status.state == "running")
        told = charles(kafka, "status", "--json")
        checked = charles(kafka, "status", "--self")
    facts = json.loads(told.stdout)
    (program,) = facts["programs"]
    assert told.returncode == 0
    assert facts["well"]
    assert (program["instance"], program["host"], program["pid"]) == ("balancer-1", HERE, process.pid)
    assert (program["version"], program["epoch"], program["well"]) == (VERSION, 0, True)
    assert 0 <= program["age_s"] < 5
    assert (checked.returncode, checked.stdout) == (0, "balancer-1: well\n")


@pytest.mark.skipif(sys.platform == "win32", reason="it cannot hold a process")
def test_a_program_that_hangs_is_silent(kafka: Kafka) -> None:
    with running("balance", kafka) as process:
        heard(kafka, lambda status: status.state == "running")
        process.send_signal(signal.SIGSTOP)
        with subprocess.Popen(
            [sys.executable, "-m", "charles", "status", "--watch", "--json"],
            env=environment(kafka),
            stdout=subprocess.PIPE,
            text=True,
        ) as watch:
            assert watch.stdout is not None
            next(line for line in watch.stdout if not json.loads(line)["well"])
            watch.send_signal(signal.SIGINT)
            assert watch.wait(PATIENCE_S) == 0
        told, checked = charles(kafka, "status"), charles(kafka, "status", "--self")
        process.send_signal(signal.SIGCONT)
    assert told.returncode == 1
    assert "● silent" in told.stdout
    assert checked.returncode == 1
    assert checked.stderr.startswith("balancer-1 has been silent for ")
    assert len(checked.stderr.splitlines()) == 1


@pytest.mark.parametrize("state", ["died", "failed"])
def test_what_died_is_told_with_its_last_words(kafka: Kafka, state: str) -> None:
    publish(kafka, topics.STATUS, status(state=state, note="no such game: chess", host=HERE), status("player"))
    told, checked = charles(kafka, "status"), charles(kafka, "status", "--self")
    assert told.returncode == 1
    assert f"● {state}" in told.stdout
    assert "no such game: chess" in told.stdout
    assert (checked.returncode, checked.stderr) == (1, f"collector-1 {state}: no such game: chess\n")


def test_what_stopped_as_it_should_is_well_and_gone(kafka: Kafka) -> None:
    publish(kafka, topics.STATUS, status(), status(state="stopped"), status("player"))
    told = charles(kafka, "status")
    assert told.returncode == 0
    assert "collector-1" not in told.stdout
    assert "player-1" in told.stdout


def test_the_last_command_and_what_the_trainer_says_of_the_players_are_shown(kafka: Kafka) -> None:
    note = "batch 321; player-1 drives with 300 (12 s old)"
    events = status(
        "trainer", note=note, model="pilot", batch=321, command="checkpoint-1f", outcome="done: checkpoint 321"
    )
    publish(kafka, topics.STATUS, events)
    told = charles(kafka, "status").stdout
    for words in (note, "pilot@321", "checkpoint-1f: done: checkpoint 321"):
        assert words in told


def test_a_health_check_wants_a_program_on_this_host(kafka: Kafka) -> None:
    publish(kafka, topics.STATUS, status(host="elsewhere"))
    checked = charles(kafka, "status", "--self")
    assert checked.returncode == 1
    assert checked.stderr == f"no program on {HERE} has reported within the last minute\n"


def test_a_health_check_is_about_this_host_alone(kafka: Kafka) -> None:
    publish(kafka, topics.STATUS, status(host=HERE), status("player", host="elsewhere", state="died"))
    assert charles(kafka, "status", "--self").returncode == 0


def test_where_nothing_runs_it_says_so(kafka: Kafka) -> None:
    told = charles(kafka, "status")
    assert told.returncode == 0
    assert told.stdout.startswith("No program has reported")


@pytest.mark.parametrize("arguments", [["status"], ["status", "--self"], ["top"], ["command", "all", "pause"]])
def test_without_a_broker_it_is_one_clear_line(arguments: list[str]) -> None:
    told = charles(NOBODY, *arguments)
    assert told.returncode == 1
    assert len(told.stderr.splitlines()) == 1
    assert told.stderr.startswith("no Kafka broker answers at 127.0.0.1:1")
