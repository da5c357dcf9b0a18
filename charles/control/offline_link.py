"""A Link for a program without a broker: no heartbeat and no commands."""

from __future__ import annotations

from typing import Any

from charles.base.shutdown import Stop
from charles.events import Command
from charles.pacing import Rate


class OfflineLink:
    """Ends on a stop signal to its process."""

    paused = False

    def __init__(self, stop: Stop) -> None:
        self.rate = Rate()
        self._stop = stop

    def should_end(self, wait_s: float = 0.0) -> bool:
        return self._stop(wait_s)

    def beat(self, state: str, **_: Any) -> bool:
        return False

    def asked(self, verb: str) -> Command | None:
        return None

    def answer(self, command: Command, outcome: str) -> None:
        """There are no commands to answer."""
