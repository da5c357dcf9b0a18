"""How a program is told to stop: Ctrl-C, SIGTERM, or its supervisor closing (or losing) its standard input."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import threading
from types import FrameType

SUPERVISED = "CHARLES_SUPERVISED"


class TakenOver(RuntimeError):
    """Another instance has taken this one's place: it must end, and starting it again would only start a fight."""

    exit_code = 3


class Stop:
    """Becomes true once, when the program shall end. A second Ctrl-C ends it at once.

    What wakes a waiting program is a socket and not a lock: a signal handler runs in the middle of whatever the main
    thread does, and a lock that is half taken there would never be given back.
    """

    def __init__(self) -> None:
        self._stopped = False
        self._sleeper, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)
        if os.environ.get(SUPERVISED):
            threading.Thread(target=self._until_end_of_input, daemon=True).start()

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
        if self._stopped and number == signal.SIGINT:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self.set()

    def _until_end_of_input(self) -> None:
        sys.stdin.buffer.read()
        self.set()
