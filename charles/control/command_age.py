"""How long a command has waited, by this machine's clock: its sender's may be an hour ahead, or behind."""

from __future__ import annotations

import time

from charles.events import Command, now
from charles.kafka.outage_log import OutageLog


class CommandAge:
    """To be told of each look for commands: what is found at one has come since the last one at which the broker
    answered."""

    def __init__(self, outages: OutageLog) -> None:
        self._outages = outages
        self._looked = self._before = _passed_s()

    def look(self) -> None:
        """Commands are looked for now."""
        self._before = self._looked
        if self._outages.answered_lately:
            self._looked = _passed_s()

    def too_old(self, command: Command) -> bool:
        """Whether one that was found now may have waited for longer than it may. Where it may have, its sender's clock
        decides."""
        return _passed_s() - self._before > self.allowed_s(command) and now() > command.deadline

    @staticmethod
    def allowed_s(command: Command) -> float:
        """How long it may wait, seconds: both times are of its sender's clock."""
        return max((command.deadline - command.time).total_seconds(), 0.0)


def _passed_s() -> float:
    """Seconds since some moment, those of the machine's sleep too, where it counts them."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)
