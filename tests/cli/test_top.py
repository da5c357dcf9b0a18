"""`charles top`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from charles import topics
from charles.settings import Kafka
from tests.cli.commands import charles, environment
from tests.patience import PATIENCE_S
from tests.programs import heard, running
from tests.top.pipeline import ledger, publish, status


def test_one_view_shows_it_all(kafka: Kafka) -> None:
    publish(kafka, topics.STATUS, status(state="starting"), status("player", state="died", note="exit code -9"))
    publish(kafka, topics.BALANCER_STATE, ledger(seen=1234), key="ledger/collector-1/run")
    told = charles(kafka, "top", "--once")
    assert told.returncode == 0
    for words in ("collector-1 ● starting", "player-1 died: exit code -9", "1,234 seen", "adds up"):
        assert words in told.stdout


def test_where_there_is_no_terminal_it_prints_lines(kafka: Kafka) -> None:
    publish(kafka, topics.STATUS, status())
    with subprocess.Popen(
        [sys.executable, "-m", "charles", "top"], env=environment(kafka), stdout=subprocess.PIPE, text=True
    ) as top:
        assert top.stdout is not None
        assert "| collector-1 " in top.stdout.readline()
        assert "| collector-1 silent" in top.stdout.readline()
        top.send_signal(signal.SIGINT)
        assert top.wait(10) == 0


class Terminal:
    """A pseudo-terminal of 80 x 24. said: everything that was written to it."""

    def __init__(self, screen: int, process: subprocess.Popen[bytes]) -> None:
        self._screen = screen
        self.process = process
        self.said = ""

    def until(self, words: str, patience_s: float = PATIENCE_S) -> None:
        deadline = time.monotonic() + patience_s
        while words not in self.said:
            assert time.monotonic() < deadline, self.said
            self.read()

    def read(self) -> None:
        import select

        if select.select([self._screen], [], [], 0.2)[0]:
            self.said += os.read(self._screen, 65_536).decode(errors="replace")


@contextmanager
def on_a_terminal(kafka: Kafka) -> Iterator[Terminal]:
    import fcntl
    import pty
    import struct
    import termios

    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-m", "charles", "top"],
        env=environment(kafka) | {"TERM": "xterm-256color", "NO_COLOR": "1"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    ) as process:
        yield Terminal(screen, process)
        process.kill()
    os.close(screen)
    os.close(terminal)


@pytest.mark.skipif(sys.platform == "win32", reason="it has no pseudo-terminals")
def test_a_crash_is_seen_live_and_ctrl_c_leaves_the_terminal_as_it_was(kafka: Kafka) -> None:
    with running("balance", kafka) as process, on_a_terminal(kafka) as terminal:
        heard(kafka, lambda status: status.state == "running")
        terminal.until("● running")
        assert "silent" not in terminal.said
        process.kill()
        terminal.until("● silent 2 s")
        terminal.process.send_signal(signal.SIGINT)
        terminal.until("\x1b[?1049l")
        assert terminal.process.wait(10) == 0
        assert "Traceback" not in terminal.said
