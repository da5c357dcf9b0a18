"""How a program is told to stop: by Ctrl-C, by SIGTERM, or by its supervisor, with a line on its standard input.

When its standard input ends, the supervisor is dead, however it went: then the program stops too, and it is ended for
good FOR_GOOD_S later, whatever it is doing. All of it works on every system.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import select
import signal
import socket
import threading
from types import FrameType

SUPERVISED = "CHARLES_SUPERVISED"
FOR_GOOD_S = 7.0
"""The broker of a dead supervisor lives 4 s longer, so there is time for a last commit and a last checkpoint."""


class TakenOver(RuntimeError):
    """Another instance has taken this one's place: it must end, and starting it again would only start a fight."""

    exit_code = 3


class Stop:
    """Becomes true once, when the program shall end. signals: how many of them have said so; second_ends: whether a
    second Ctrl-C ends the process at once.

    What wakes a waiting program is a socket and not a lock: a signal handler runs in the middle of whatever the main
    thread does, and a lock that is half taken there would never be given back.
    """

    def __init__(self, *, second_ends: bool = True) -> None:
        self.signals = 0
        self.second_ends = second_ends
        self._stopped = False
        self._sleeper, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)
        _supervisor.tells(self)

    def __call__(self, wait_s: float = 0.0) -> bool:
        """Whether to stop; waits up to wait_s for it."""
        if wait_s > 0 and not self._stopped:
            select.select([self._sleeper], [], [], wait_s)
        return self._stopped

    def set(self) -> None:
        self._stopped = True
        with contextlib.suppress(BlockingIOError):  # thousands of calls, all of them saying the same
            self._waker.send(b"\0")

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.signals += 1
        if self._stopped and self.second_ends and number == signal.SIGINT:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self.set()


def listen_to_supervisor() -> None:
    """Begin to listen, in a process that has a supervisor: before anything that takes long, such as an import."""
    _supervisor.listen()


class _Supervisor:
    """The other end of standard input."""

    def __init__(self) -> None:
        self._listening = False
        self._told = False
        self._stops: list[Stop] = []

    def listen(self) -> None:
        if os.environ.get(SUPERVISED) and not self._listening:
            self._listening = True
            threading.Thread(target=self._until_it_is_gone, daemon=True).start()

    def tells(self, stop: Stop) -> None:
        """Let it set this, now if it has said so already."""
        self._stops.append(stop)
        if self._told:
            stop.set()
        self.listen()

    def _until_it_is_gone(self) -> None:
        # Not sys.stdin: its lock would be held while it waits, and a process that ends wants to take it.
        with contextlib.suppress(OSError):
            while os.read(0, 64):
                self._stop()
        faulthandler.dump_traceback_later(FOR_GOOD_S, exit=True)  # needs no interpreter, which may be held or half gone
        self._stop()

    def _stop(self) -> None:
        self._told = True
        for stop in self._stops:
            stop.set()


_supervisor = _Supervisor()
