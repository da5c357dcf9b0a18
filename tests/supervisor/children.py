"""Small programs for a supervisor: processes of their own, as the real ones are."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from charles.base.shutdown import SUPERVISED
from charles.programs import PROGRAMS, Program
from charles.settings import Kafka
from charles.supervisor.logfile import LogFile
from charles.supervisor.program_process import ProgramProcess
from charles.supervisor.status_publisher import StatusPublisher
from charles.supervisor.supervisor import Supervisor
from tests.patience import PATIENCE_S
from tests.programs import StopWhen

COLLECTOR, BALANCER, TRAINER, PLAYER, *_OTHERS = PROGRAMS
NOWHERE = Kafka(bootstrap_servers="127.0.0.1:1")

OBEDIENT = """
from charles.base.shutdown import Stop
stop = Stop()
print("ready", flush=True)
stop(60)
"""

STUBBORN = """
import time
print("ready", flush=True)
time.sleep(60)
"""


def child(
    folder: Path, code: str, program: Program = COLLECTOR, name: str = "one", patience_s: float = 30
) -> ProgramProcess:
    """A program whose code this is, under a name of the table's."""
    command, log = [sys.executable, "-c", code], LogFile(folder / f"{name}.log")
    return ProgramProcess(replace(program, patience_s=patience_s), name, command, os.environ | {SUPERVISED: "1"}, log)


def ready(child: ProgramProcess) -> bool:
    return child.log.last_words(child.name) == "ready"


class Watched(Supervisor):
    """A supervisor where no broker is. told: what it told a person; lines: what it forwarded; signals: that its stop
    has counted."""

    def __init__(self, *children: ProgramProcess) -> None:
        self.told: list[str] = []
        self.lines: list[tuple[str, str]] = []
        self.signalled = StopWhen()
        self.signal(0)
        announcer = StatusPublisher(NOWHERE, "supervisor-1", self.signalled)
        super().__init__(children, announcer, self.signalled, self.told.append, lambda *line: self.lines.append(line))

    def signal(self, count: int) -> None:
        self.signalled.signals = count

    def until(self, true: Callable[[], Any], patience_s: float = PATIENCE_S) -> None:
        """Look after the programs until something is true."""
        deadline = time.monotonic() + patience_s
        while not true():
            assert time.monotonic() < deadline, f"not within {patience_s:g} s; told: {self.told}, lines: {self.lines}"
            self.look()
            time.sleep(0.01)
