"""The whole loop, with the real programs: `charles demo` on a broker of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image

from charles.events import Status, now
from charles.kafka import require_broker
from charles.settings import Kafka
from charles.top.watching import Watch
from infra.kafka.ports import free_port

GIB = 1 << 30
PATIENCE_S = 150.0


class Demo:
    """A running demo, and what it says of itself."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder / "demo"
        port = free_port()
        self.kafka = Kafka(bootstrap_servers=f"127.0.0.1:{port}")
        small = ("--game", "carracing", "--set", "train.buffer=84", "--set", "train.checkpoint_every=20")
        own_port = {"CHARLES_BROKER__PORT": str(port)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "charles", "demo", *small, "--folder", str(self.folder), *arguments],
            cwd=folder,
            env={key: value for key, value in os.environ.items() if not key.startswith("KAFKA_")} | own_port,
            start_new_session=True,
        )
        self.peaks: dict[str, int] = {}
        self.family: set[psutil.Process] = set()
        self._watch: Watch | None = None

    def until(self, true: Callable[[dict[str, Status]], bool]) -> dict[str, Status]:
        """Follow the heartbeats until they say what the test waits for."""
        deadline = time.monotonic() + PATIENCE_S
        if self._watch is None:
            require_broker(self.kafka, PATIENCE_S)
            self._watch = Watch(self.kafka)
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the demo ended early"
            self._watch.read(0.2)
            self.family.update(psutil.Process(self.process.pid).children(recursive=True))
            for status in self._watch.status.values():
                self.peaks[status.instance] = max(self.peaks.get(status.instance, 0), status.memory)
            alive = {name: s for name, s in self._watch.status.items() if (now() - s.time).total_seconds() < 3}
            if true(alive):
                return alive
        pytest.fail(f"it did not come to that within {PATIENCE_S:g} s; the last heartbeats: {self._watch.status}")

    def survivors(self) -> list[psutil.Process]:
        """What the demo started and left running."""
        _gone, alive = psutil.wait_procs(self.family, timeout=10)
        return alive

    def end(self) -> None:
        if self._watch is not None:
            self._watch.close()
        if self.process.poll() is None:
            self.process.kill()
        for process in self.family:
            if process.is_running():
                process.kill()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    started: list[Demo] = []

    def start(*arguments: str) -> Demo:
        started.append(Demo(tmp_path, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.end()


def learning(alive: dict[str, Status]) -> bool:
    """Whether the loop is closed: the player drives with weights that were trained meanwhile."""
    return "player-1" in alive and alive["player-1"].batch > 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_loop_learns_survives_kills_and_accounts_for_every_tick(demo: Callable[..., Demo]) -> None:
    running = demo("--minutes", "2.5", "--seeds", "1")
    before = running.until(learning)
    victims = ("balancer-1", "collector-1", "trainer-1")
    for victim in victims:
        psutil.Process(before[victim].pid).kill()

    def back_and_further(alive: dict[str, Status]) -> bool:
        return all(
            name in alive and alive[name].pid != before[name].pid and alive[name].state == "running" for name in victims
        ) and (alive["trainer-1"].batch > before["trainer-1"].batch)

    running.until(back_and_further)
    assert running.process.wait(400) == 0
    ledger = json.loads((running.folder / "ledger.json").read_text())
    assert ledger["adds_up"]
    assert ledger["emitted"] > 0
    scores = json.loads((running.folder / "scores.json").read_text())
    assert scores["game"] == "carracing"
    for picture in ("loss.png", "labels.png", "drive.gif"):
        with Image.open(running.folder / picture) as image:
            image.verify()
    assert (running.folder / "weights.safetensors").stat().st_size > 100_000
    assert max(running.peaks.values()) < 1.5 * GIB
    assert sum(running.peaks.values()) < 6 * GIB
    assert running.survivors() == []


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there")
def test_ctrl_c_ends_it_with_nothing_left_running(demo: Callable[..., Demo]) -> None:
    running = demo("--minutes", "10")
    running.until(lambda alive: {"collector-1", "collector-2", "balancer-1"} <= alive.keys())
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(20) == 0
    assert running.survivors() == []
