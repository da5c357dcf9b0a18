"""`charles run`, as a person uses it: the real programs, kept running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from charles.cli import app
from charles.events import Status
from charles.settings import Kafka
from tests.metrics.pages import page, samples
from tests.patience import PATIENCE_S
from tests.ports import free_ports
from tests.programs import give, heard


class Running:
    """`charles run` with these words, in a folder of its own."""

    def __init__(self, kafka: Kafka, folder: Path, *words: str) -> None:
        self.logs = folder / "logs"
        own = {
            "CHARLES_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "CHARLES_KAFKA__PREFIX": kafka.prefix,
            "CHARLES_METRICS__PORT": str(free_ports(3)),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "charles", "run", *words, "--folder", str(self.logs)],
            cwd=folder,
            env=os.environ | own,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.said = ""

    @property
    def programs(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def targets(self, name: str) -> dict[str, str]:
        """Where each instance offers its metrics, as Prometheus is told."""
        groups = json.loads((self.logs / f"{name}.json").read_text(encoding="utf-8"))
        return {group["labels"]["instance"]: group["targets"][0] for group in groups}

    def ends(self) -> int:
        """Its exit code, once it has ended."""
        self.said = self.process.communicate(timeout=PATIENCE_S)[1]
        return self.process.returncode

    def clear(self) -> None:
        if self.process.poll() is None:
            for process in [*self.programs, self.process]:
                process.kill()
            self.process.communicate()


@pytest.fixture
def run(kafka: Kafka, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*words: str) -> Running:
        started.append(Running(kafka, tmp_path, *words))
        return started[-1]

    yield start
    for one in started:
        one.clear()


def lives(name: str, *, after: int = 0) -> Callable[[Status], bool]:
    """Whether a heartbeat is of this instance, in another process than that one."""
    return lambda status: status.instance == name and status.pid != after and status.state in ("running", "waiting")


def began(target: str) -> float:
    """When the process began that offers its metrics there, seconds since 1970."""
    found = samples(page(target))
    (value,) = (sample.value for sample in found if sample.name == "process_start_time_seconds")
    return value


@pytest.mark.slow
def test_what_is_killed_comes_back_under_its_name_and_everybody_is_told(
    kafka: Kafka, run: Callable[..., Running]
) -> None:
    running = run("balancer", "--as", "garage", "--set", "balance.bins=11", "--set", "outputs=steering")
    before = heard(kafka, lives("garage-balancer-1"))
    assert before.epoch >= 0
    assert {*running.targets("prometheus-garage")} == {"garage-balancer-1"}
    target = running.targets("prometheus-garage")["garage-balancer-1"]
    first = began(target)
    psutil.Process(before.pid).kill()
    died = heard(kafka, lambda status: status.state == "died")
    assert (died.program, died.instance, died.pid) == ("balancer", "garage-balancer-1", before.pid)
    assert died.note.startswith("killed by SIGKILL: ")
    assert died.note.endswith("restarting in 0.5 s")
    heard(kafka, lives("garage-balancer-1", after=before.pid))
    assert began(target) > first  # its metrics are where they were
    heard(kafka, lambda status: status.instance == "garage" and status.figures == {"running": 1, "restarts": 1})
    running.process.send_signal(signal.SIGINT)
    assert running.ends() == 0
    assert not (running.logs / "prometheus-garage.json").exists()
    assert "garage-balancer-1 died: killed by SIGKILL: " in running.said
    for line in (running.logs / "garage-balancer-1.log").read_text().splitlines():
        assert line in running.said


@pytest.mark.slow
def test_when_all_were_told_to_stop_there_is_nothing_left_to_do(kafka: Kafka, run: Callable[..., Running]) -> None:
    running = run("balancer", "collector=2", "--set", "game=carracing")
    for name in ("balancer-1", "collector-1", "collector-2"):
        heard(kafka, lives(name))
    give(kafka, "balancer", "stop")
    give(kafka, "collector", "stop")
    assert running.ends() == 0
    for name in ("balancer-1", "collector-1", "collector-2"):
        assert f"{name} ended as intended" in running.said


@pytest.mark.slow
def test_nothing_survives_a_supervisor_that_is_killed(kafka: Kafka, run: Callable[..., Running]) -> None:
    running = run("balancer", "collector", "--set", "game=carracing")
    for name in ("balancer-1", "collector-1"):
        heard(kafka, lives(name))
    programs = running.programs
    assert len(programs) == 2
    running.process.kill()
    assert psutil.wait_procs(programs, timeout=10)[1] == []


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "name the programs to run, of collector, balancer, trainer, player"),
        (("colector",), 1, "colector: no such program"),
        (("collector=0",), 1, "collector=0: the number of collectors must be from 1 to 99"),
        (("balancer", "--as", "my garage"), 1, "run.name: "),
        (("balancer", "--set", "balance.bins"), 1, "balance.bins: a change is FIELD=VALUE"),
        (("balancer", "--set", "balance.bins=many"), 1, "balance.bins: "),
    ],
)
def test_a_wrong_word_is_one_clear_line(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, says: str
) -> None:
    monkeypatch.setenv("CHARLES_KAFKA__BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    monkeypatch.setenv("CHARLES_KAFKA__PREFIX", kafka.prefix)
    result = CliRunner().invoke(app, ["run", *words])
    assert result.exit_code == code
    assert result.stderr.startswith(says)
    assert result.stderr.count("\n") == 1


def test_a_folder_of_no_use_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = CliRunner().invoke(app, ["run", "balancer", "--folder", str(tmp_path / "file" / "logs")])
    assert result.exit_code == 1
    assert str(tmp_path / "file") in result.stderr
    assert "Traceback" not in result.stderr
