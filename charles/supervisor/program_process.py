"""One program as a process, restarted when it crashes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

import psutil

from charles.base.logs import redacted
from charles.base.shutdown import TakenOver
from charles.programs import Program
from charles.supervisor.backoff import Backoff
from charles.supervisor.logfile import LogFile
from infra.kafka.broker_process import new_group

_CRASHES = ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT")

UP_S = 20.0
"""A program that loads a network needs so long until it works, at the most."""


class ProgramFate(Enum):
    """The intended state of a program."""

    KEPT = "is kept running"
    LEFT = "ended as intended"
    GAVE_UP = "gave up its place"


@dataclass(frozen=True, slots=True)
class ProgramEnd:
    """How a process ended, and what follows. words: for a person."""

    program: str
    name: str
    pid: int
    fate: ProgramFate
    words: str

    def __str__(self) -> str:
        return f"{self.name} {'died' if self.fate is ProgramFate.KEPT else self.fate.value}: {self.words}"


class ProgramProcess:
    """The process; its output goes to its log, and the end of its standard input tells it that we are dead."""

    def __init__(
        self, program: Program, name: str, command: Sequence[str], environment: Mapping[str, str], log: LogFile
    ) -> None:
        self.program = program
        self.name = name
        self.log = log
        self.restarts = 0
        self.fate = ProgramFate.KEPT
        self._command = [*command]
        self._environment = {**environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._problem = ""
        self._delay = Backoff()
        self._started = 0.0
        self._yields = False
        self._again_at: float | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the program. A process that cannot be made counts as one that died."""
        self._started, self._yields = time.monotonic(), False
        self._again_at, self._process = None, None
        try:
            with self.log.open() as log:
                # In a group of its own: Ctrl-C in the terminal is for the supervisor, which ends programs in order.
                self._process = subprocess.Popen(
                    self._command,
                    bufsize=0,
                    env=self._environment,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    **new_group(),
                )
        except OSError as error:
            self._problem = f"it cannot be started: {error}"

    def keep_running(self) -> ProgramEnd | None:
        """Restart it after a crash with increasing back-off; reports each end once."""
        if self._process is not None and self.running:
            self._let_others_first(self._process.pid)
            return None
        if self.fate is not ProgramFate.KEPT:
            return None
        if self._again_at is None:
            return self._ended()
        if time.monotonic() >= self._again_at:
            self.restarts += 1
            self.start()
        return None

    def tell_to_stop(self) -> None:
        """Its standard input stays open: until it has ended, its end still means that we are dead."""
        if self.fate is ProgramFate.KEPT:
            self.fate = ProgramFate.LEFT
        if self._process and self._process.stdin:
            with suppress(OSError):  # it is dead
                self._process.stdin.write(b"stop\n")

    def finish(self) -> str:
        """End it at once if it runs still; returns what a person should know of its end, if anything."""
        if self._process is None:
            return ""
        killed = self.running
        self._process.kill()
        code, words = self._bury(self._process)
        if killed:
            return f"{self.name} did not stop in time and was killed"
        return f"{self.name} ended: {words}" if code else ""

    def _let_others_first(self, pid: int) -> None:
        """Not before it is up: until then, it is waited for."""
        if self.program.yields and not self._yields and time.monotonic() - self._started > UP_S:
            self._yields = True
            _yield(pid)

    def _ended(self) -> ProgramEnd:
        pid, words = 0, self._problem
        if self._process is not None:
            pid = self._process.pid
            code, words = self._bury(self._process)
            self.fate = {0: ProgramFate.LEFT, TakenOver.exit_code: ProgramFate.GAVE_UP}.get(code, ProgramFate.KEPT)
        if self.fate is ProgramFate.KEPT:
            pause_s = self._delay.next(time.monotonic() - self._started)
            self._again_at = time.monotonic() + pause_s
            words += f"; restarting in {pause_s:g} s"
        return ProgramEnd(self.program.name, self.name, pid, self.fate, words)

    def _bury(self, process: subprocess.Popen[bytes]) -> tuple[int, str]:
        """The exit code of an ended process, and that with its last words."""
        code = process.wait()
        if process.stdin:
            process.stdin.close()
        self._process = None
        said = redacted(self.log.last_words(self.name))
        return code, _told(code) + (f": {said}" if said else "")


def _told(code: int) -> str:
    """How a process ended, by its exit code."""
    if code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"killed by {name}" + (" (a crash in native code)" if name in _CRASHES else "")


def _yield(pid: int) -> None:
    """Let a process, with every thread it has by now, take what time the others leave."""
    with suppress(OSError, psutil.Error):
        if sys.platform == "win32":
            psutil.Process(pid).nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            os.setpriority(os.PRIO_PGRP, pid, 10)
