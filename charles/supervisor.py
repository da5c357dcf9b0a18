"""Keeps programs running: starts each as a process of its own, restarts what dies, and ends them in order."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from charles.programs import Program
from charles.settings import Settings, environment
from charles.stopping import SUPERVISED, TakenOver

_LONGEST_PAUSE_S = 10.0
_STABLE_S = 30.0


class Child:
    """One program as a process; its output goes to a log file."""

    def __init__(self, program: Program, name: str, settings: Settings, folder: Path, *, yields: bool = False) -> None:
        self.name = name
        self.program = program
        self.log = folder / f"{name}.log"
        self.restarts = 0
        self._environment = os.environ | environment(settings) | {SUPERVISED: "1", "PYTHONUNBUFFERED": "1"}
        self._yields = yields
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._restart_at = 0.0
        self._pause_s = 1.0

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._process.poll() if self._process else None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the program. Its standard input is a pipe: when that ends, for whatever reason, the program stops."""
        # Ctrl-C in the terminal is for the supervisor, which ends its programs in order
        own_group: dict[str, Any]
        if sys.platform == "win32":
            own_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        else:
            own_group = {"start_new_session": True}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "charles", self.program.verb],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                **own_group,
            )
        self._started = time.monotonic()
        if self._yields:
            low = psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else 10
            psutil.Process(self._process.pid).nice(low)

    def keep_running(self) -> str | None:
        """Start the program again if it died, after a pause that grows; returns what a person should know of it."""
        if self.running or self.exit_code in (None, TakenOver.exit_code):
            return None
        if self._restart_at == 0.0:
            stable = time.monotonic() - self._started > _STABLE_S
            self._pause_s = 1.0 if stable else min(self._pause_s * 2, _LONGEST_PAUSE_S)
            self._restart_at = time.monotonic() + self._pause_s
            return f"{self.name} ended with {self.exit_code} ({self.last_line()}); again in {self._pause_s:g} s"
        if time.monotonic() >= self._restart_at:
            self._restart_at = 0.0
            self.restarts += 1
            self.start()
        return None

    def tell_to_stop(self) -> None:
        """Close its standard input, which every program takes as a request to stop; it works on every system."""
        if self._process and self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()

    def end(self, deadline: float) -> bool:
        """Wait until it has ended, then, at the deadline (monotonic), kill it; tells whether it ended itself."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(deadline - time.monotonic(), 0.0))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True

    def last_line(self) -> str:
        """The last line of its log."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(self.log.stat().st_size - 4096, 0))
            lines = [line.strip() for line in log.read().decode(errors="replace").replace("\r", "\n").splitlines()]
        return next((line for line in reversed(lines) if line), "")


class Supervisor:
    """Programs that run until the block ends; nothing that it started survives it."""

    def __init__(self, children: Iterable[Child]) -> None:
        self.children = list(children)

    def __enter__(self) -> Self:
        for child in self.children:
            child.log.parent.mkdir(parents=True, exist_ok=True)
            child.log.write_bytes(b"")
            child.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop(self.children, patience_s=0.0 if kind else 3.0)

    def keep_running(self) -> list[str]:
        """Restart what died; returns what a person should know."""
        return [news for child in self.children if (news := child.keep_running())]

    def stop(self, children: Iterable[Child], patience_s: float) -> list[str]:
        """End these programs; returns the names of those that had to be killed."""
        leaving = list(children)
        for child in leaving:
            child.tell_to_stop()
        deadline = time.monotonic() + patience_s
        killed = [child.name for child in leaving if not child.end(deadline)]
        self.children = [child for child in self.children if child not in leaving]
        return killed
