"""What the balancing takes from outside: what time it is, and names for its sets."""

from __future__ import annotations

import hashlib
import time
import uuid
from datetime import UTC, datetime, timedelta

from charles.events import now

_BEGAN = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = 16


class Clock:
    """As it is."""

    def monotonic(self) -> float:
        """Seconds, by a clock that nobody sets."""
        return time.monotonic()

    def now(self) -> datetime:
        """UTC."""
        return now()

    def set_id(self, epoch: int, kind: str, number: int) -> str:
        """The name of the number-th set of a kind: one that no other set ever has."""
        return uuid.uuid4().hex[:_DIGITS]


class RecordedClock(Clock):
    """As it was: time is what a recording says, and the same recording gives the same names. seconds: since 1970."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return _BEGAN + timedelta(seconds=self.seconds)

    def set_id(self, epoch: int, kind: str, number: int) -> str:
        return hashlib.sha256(f"{epoch} {kind} {number}".encode()).hexdigest()[:_DIGITS]
