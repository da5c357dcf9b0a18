"""Stop signals of a program: Ctrl-C, SIGTERM, a closed terminal, or a line on standard input from its supervisor.

When its standard input is closed, the supervisor is dead. The program then stops too; if it is still running FOR_GOOD_S
later, it is killed. This works on every system.
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
"""The broker of a dead supervisor runs 4 s longer, so there is time for a last commit and a last checkpoint."""


class TakenOver(RuntimeError):
    """Another instance with the same name has taken over. This one must end and must not be restarted, or the two would
    displace each other forever."""

    exit_code = 3


class Stop:
    """Becomes true once the program must end. signals: number of stop signals so far; second_ends: whether a second
    Ctrl-C ends the process at once.

    A waiting program is woken by a socket, not by a lock: a signal handler interrupts the main thread anywhere, and a
    lock that it had half taken would never be released.
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
        if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup has it ignored
            signal.signal(signal.SIGHUP, self._on_signal)
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
    """Start listening, in a process with a supervisor. Call it before anything slow, such as an import."""
    _supervisor.listen()


class _Supervisor:
    """The writing end of standard input."""

    def __init__(self) -> None:
        self._listening = False
        self._told = False
        self._stops: list[Stop] = []

    def listen(self) -> None:
        if os.environ.get(SUPERVISED) and not self._listening:
            self._listening = True
            threading.Thread(target=self._until_it_is_gone, daemon=True).start()

    def tells(self, stop: Stop) -> None:
        """Register this to be set on a stop signal; it is set now if the signal has already come."""
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
