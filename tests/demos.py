"""`charles demo` as tests run it: the real one, small and quick, and what it says of itself."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from charles.events import Status, now
from charles.kafka.clients import require_broker
from charles.settings import Kafka
from charles.top.pipeline_view import PipelineView
from tests.patience import PATIENCE_S
from tests.ports import free_port


class Demo:
    """A running demo, and what it says of itself."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder / "demo"
        port = free_port()
        self.kafka = Kafka(bootstrap_servers=f"127.0.0.1:{port}")
        small = ("balance.bins=5", "train.buffer=84", "train.checkpoint_every=20")
        options = [word for change in small for word in ("--set", change)]
        own_port = {"CHARLES_BROKER__PORT": str(port)}
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "charles",
                "demo",
                *options,
                "--folder",
                str(self.folder),
                *arguments,
            ],
            cwd=folder,
            env={key: value for key, value in os.environ.items() if not key.startswith("KAFKA_")} | own_port,
            start_new_session=True,
        )
        self.peaks: dict[str, int] = {}
        self.family: set[psutil.Process] = set()
        self._watch: PipelineView | None = None

    def until(self, true: Callable[[dict[str, Status]], bool]) -> dict[str, Status]:
        """Follow the heartbeats until they say what the test waits for."""
        deadline = time.monotonic() + PATIENCE_S
        if self._watch is None:
            require_broker(self.kafka, PATIENCE_S)
            self._watch = PipelineView(self.kafka)
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
        return [process for process in alive if not _is_over(process)]

    def end(self) -> None:
        if self._watch is not None:
            self._watch.close()
        if self.process.poll() is None:
            self.process.kill()
        for process in self.family:
            if process.is_running():
                process.kill()


def learning(alive: dict[str, Status]) -> bool:
    """Whether the loop is closed: the player drives with weights that were trained meanwhile."""
    return "player-1" in alive and alive["player-1"].batch > 0


StartDemo = Callable[..., Demo]


def _is_over(process: psutil.Process) -> bool:
    """Whether it has ended, also where whoever inherited it has not looked yet."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
