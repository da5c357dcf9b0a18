"""How a program is told to stop: Ctrl-C, SIGTERM, or its supervisor closing (or losing) its standard input."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

SUPERVISED = "CHARLES_SUPERVISED"


class TakenOver(RuntimeError):
    """Another instance has taken this one's place: it must end, and starting it again would only start a fight."""

    exit_code = 3


class Stop:
    """Becomes true once, when the program shall end. A second Ctrl-C ends it at once."""

    def __init__(self) -> None:
        self._event = threading.Event()
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)
        if os.environ.get(SUPERVISED):
            threading.Thread(target=self._until_end_of_input, daemon=True).start()

    def __call__(self, wait_s: float = 0.0) -> bool:
        """Whether to stop; waits up to wait_s for it."""
        return self._event.wait(wait_s) if wait_s > 0 else self._event.is_set()

    def set(self) -> None:
        self._event.set()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._event.is_set() and number == signal.SIGINT:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._event.set()

    def _until_end_of_input(self) -> None:
        sys.stdin.buffer.read()
        self._event.set()
