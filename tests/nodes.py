"""Real Kafka nodes with more settings than the local broker has: its own jars, Java and server.properties, and what a
test adds to them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from subprocess import Popen

from infra.kafka.broker_process import end, spawn
from infra.kafka.data_folder import TEMPLATE
from infra.kafka.owner_watchdog import OwnerWatchdog
from infra.kafka.ports import LOOPBACK
from infra.kafka.runtime import Runtime
from tests.ports import free_port

READY_S = 120.0
_STOP_S = 20.0


@dataclass
class Node:
    """One node, broker and controller at once, on loopback. extra: lines of server.properties that come after the local
    broker's, so that they win; its folder is new."""

    folder: Path
    runtime: Runtime
    extra: Sequence[str] = ()
    port: int = field(default_factory=free_port)
    controller_port: int = field(default_factory=free_port)
    _process: Popen[bytes] | None = None
    _leash: OwnerWatchdog | None = None

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    def format(self, cluster_id: str, *options: str) -> None:
        """Make its data folder; options: of Kafka's own format tool."""
        self.folder.mkdir(parents=True)
        base = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
            port=self.port, controller_port=self.controller_port, log_dir=(self.folder / "log").as_posix()
        )
        self._properties.touch(mode=0o600)  # it may hold a broker's password
        self._properties.write_text("\n".join([base, *self.extra, ""]), encoding="utf-8")
        command = ("format", "-t", cluster_id, "-c", str(self._properties), *options)
        done = subprocess.run(
            self.runtime.command("kafka.tools.StorageTool", *command), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr or done.stdout

    def start(self) -> None:
        command = self.runtime.command("kafka.Kafka", str(self._properties), jvm=("-Xmx384m",), log=self.log)
        self._process = spawn(command, self.folder / "broker.out", detached=False)
        self._leash = OwnerWatchdog(self._process.pid)

    def wait_until(self, answers: Callable[[], bool]) -> None:
        """Return once it is true."""
        deadline = time.monotonic() + READY_S
        while not answers():
            assert self._process is not None
            assert self._process.poll() is None, f"the node ended: {self._last_words()}"
            assert time.monotonic() < deadline, f"no answer within {READY_S:g} s: {self._last_words()}"
            time.sleep(0.2)

    def kill(self) -> None:
        """As kill -9 does."""
        assert self._process is not None
        self._process.kill()
        self._forget()

    def stop(self) -> None:
        if self._process is not None:
            end(self._process.pid, _STOP_S)
            self._forget()

    @property
    def log(self) -> Path:
        return self.folder / "broker.log"

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _forget(self) -> None:
        assert self._process is not None
        self._process.wait()
        self._process = None
        if self._leash is not None:
            self._leash.release()
            self._leash = None

    def _last_words(self) -> str:
        said = [
            path.read_text(errors="replace")[-2000:] for path in (self.folder / "broker.out", self.log) if path.exists()
        ]
        return "\n".join(said)
