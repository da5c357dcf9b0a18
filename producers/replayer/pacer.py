"""When a record is due: at the recorded pace, or so many times faster."""

from __future__ import annotations

import time
from collections.abc import Callable

from charles.pacing import HZ

_TICK_S = 1 / HZ


class Pacer:
    """late: records that were due more than a tick ago. As with ticks, the schedule moves on from there: a slow stretch
    is not followed by a rush."""

    def __init__(self, speed: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        """speed: times the recorded pace; None: everything is due."""
        self.late = 0
        self._speed = speed
        self._clock = clock
        self._from: tuple[float, int] | None = None

    def restart(self) -> None:
        """The next record is due when it is asked for, and the others after it: so it is after a pause."""
        self._from = None

    def left_s(self, position_ms: int) -> float:
        """How long until the records of this time are due; 0: they are."""
        if self._speed is None:
            return 0.0
        now = self._clock()
        if self._from is None:
            self._from = now, position_ms
        began, first_ms = self._from
        left = began + (position_ms - first_ms) / 1000 / self._speed - now
        if left < -_TICK_S:
            self.late += 1
            self._from = now, position_ms
        return max(left, 0.0)

    def remaining_s(self, position_ms: int, last_ms: int) -> float | None:
        """How long the rest takes at this pace; None: nobody knows."""
        return None if self._speed is None else max(last_ms - position_ms, 0) / 1000 / self._speed
