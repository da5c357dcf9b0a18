"""A real Prometheus that looks at a real pipeline: its programs, each with a page of its metrics, and its broker."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from charles.base.shutdown import SUPERVISED
from charles.kafka import topic_admin
from charles.settings import Kafka, environment, load
from infra.kafka.broker import LocalBroker
from tests.infra.expressions import ROOT, RULES
from tests.metrics.pages import page, samples
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.programs import configure, stop

SMALL = {
    "game": "slalom",
    "outputs": ("acceleration_braking", "steering:classification"),
    "balance": {"bins": 5},
    "play": {"swap": "at once"},
    "train": {"buffer": 32, "checkpoint_every": 5},
}
"""One output of each kind, so that each has its figure; small, so that it learns within a minute."""
VERBS = {
    "collector-1": "collect",
    "balancer-1": "balance",
    "trainer-1": "train",
    "player-1": "play",
    "recorder-1": "record",
}

Sample = tuple[dict[str, str], float]
"""A series' labels, and its value now."""


class Prometheus:
    """The server, on loopback. It looks every second."""

    def __init__(self, folder: Path, targets: dict[str, list[int]], rules: str) -> None:
        """targets: ports on loopback, by job; rules: the rules' file as text. A look at a broker takes a good part of
        a second of processor time."""
        self._url = f"http://127.0.0.1:{free_port()}"
        (folder / "rules.yml").write_text(rules)
        jobs = [
            {
                "job_name": job,
                "scrape_interval": "5s" if job == "kafka" else "1s",
                "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports]}],
            }
            for job, ports in targets.items()
        ]
        every = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config = {"global": every, "rule_files": ["rules.yml"], "scrape_configs": jobs}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        with (folder / "prometheus.log").open("wb") as log:
            self.process = subprocess.Popen(
                [  # noqa: S607
                    "prometheus",
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'prometheus'}",
                    f"--web.listen-address={self._url.removeprefix('http://')}",
                ],
                stdout=log,
                stderr=log,
            )

    def ready(self) -> bool:
        """Whether it has started, so that it answers."""
        try:
            with urllib.request.urlopen(f"{self._url}/-/ready"):  # noqa: S310
                return True
        except OSError:
            return False

    def query(self, expression: str) -> list[Sample]:
        """What an expression is now, without what is no number."""
        result = self._ask("query", query=expression)["result"]
        pairs = [(one["metric"], float(one["value"][1])) for one in result]
        return [(labels, value) for labels, value in pairs if not math.isnan(value)]

    def firing(self) -> set[str]:
        """The names of the alerts that fire now."""
        return {alert["labels"]["alertname"] for alert in self._ask("alerts")["alerts"] if alert["state"] == "firing"}

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_S)

    def _ask(self, what: str, **arguments: str) -> Any:
        """Raises AssertionError for PromQL that is none."""
        try:
            with urllib.request.urlopen(f"{self._url}/api/v1/{what}?{urllib.parse.urlencode(arguments)}") as answer:  # noqa: S310
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            pytest.fail(f"{arguments}: {error.read().decode()}")


class Watched:
    """One of each program on a broker of their own, with their Prometheus where there is one.

    targets: where each program offers its metrics.
    """

    prometheus: Prometheus

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ends = ExitStack()
        self._broker = LocalBroker(folder / "kafka", free_port(), metrics_port=free_port())
        self._ports = {name: free_port() for name in VERBS}
        self.targets = {name.partition("-")[0]: f"127.0.0.1:{port}" for name, port in self._ports.items()}
        self.kafka = Kafka(bootstrap_servers=f"127.0.0.1:{self._broker.port}")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def begin(self, rules: str) -> None:
        """Start everything; rules: the rules' file as text."""
        self._ends.callback(self._broker.stop)
        self._broker.start(detached=False)
        topic_admin.ensure(self.kafka)
        configure(self.kafka, SMALL)
        if shutil.which("prometheus"):
            targets = {"charles": [*self._ports.values()], "kafka": [self._broker.metrics_port or 0]}
            self.prometheus = Prometheus(self._folder, targets, rules)
            self._ends.callback(self.prometheus.close)
            self.until(self.prometheus.ready)
        for name in VERBS:
            self.start(name)

    def start(self, name: str, where: Path = ROOT) -> None:
        """where: its working folder."""
        program = name.partition("-")[0]
        own = {"trainer": {"tensorboard": self._folder / "tensorboard"}}.get(program, {})
        settings = load(
            kafka=self.kafka.model_dump(),
            **{program: {"name": name} | own, "metrics": {"port": self._ports[name]}},
            recordings={"folder": self._folder / "recordings"},
        )
        with (self._folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "charles", VERBS[name]],
                cwd=where,
                env=os.environ | environment(settings) | {SUPERVISED: "1"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    def stop(self, name: str) -> None:
        """Tell a program to stop, as its supervisor does, and wait for its end."""
        stop(self.processes.pop(name))

    def kill(self, name: str) -> None:
        """As kill -9 does."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def until(self, happens: Callable[[], Any], patience_s: float = PATIENCE_S) -> float:
        """Wait for something; returns how long it took, in seconds."""
        began = time.monotonic()
        while not happens():
            if time.monotonic() - began > patience_s:
                logs = {path.name: path.read_text()[-1500:] for path in self._folder.glob("*-1.log")}
                pytest.fail(f"it did not come to that within {patience_s:g} s: {json.dumps(logs, indent=1)}")
            time.sleep(0.5)
        return time.monotonic() - began

    def drives(self) -> bool:
        """Whether the loop is closed: the player drives with weights that were trained meanwhile."""
        with suppress(OSError):  # it has just begun, and has no page yet
            found = samples(page(self.targets["player"]))
            return any(one.name == "charles_player_applied_batch_number" and one.value > 0 for one in found)
        return False

    def close(self) -> None:
        for name in [*self.processes]:
            self.kill(name)
        self._ends.close()


@contextmanager
def watched(folder: Path, rules: str) -> Iterator[Watched]:
    """The pipeline while this lasts; whatever becomes of its start, nothing is left running."""
    pipeline = Watched(folder)
    try:
        pipeline.begin(rules)
        yield pipeline
    finally:
        pipeline.close()


def hurried(factor: int) -> str:
    """The rules with every duration so many times shorter, but none below four seconds; and a checkpoint is old after
    half a minute."""

    def shorter(match: re.Match[str]) -> str:
        seconds = int(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]
        return f"{max(seconds // factor, 4)}s"

    text = RULES.read_text()
    assert " > 1800\n" in text
    return re.sub(r"(?<=[\[: ])(\d+)([smh])(?=[\]:\n])", shorter, text.replace(" > 1800\n", " > 30\n"))
