"""The 30 Hz keeper: late ticks are counted, never silently dropped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

HZ = 30


class RateKeeper:
    """Yields tick numbers at a steady rate, or as fast as asked for.

    hz: ticks a second, which may change on the way; None: no waiting. A tick that begins more than one period after its
    time counts as late, and the schedule moves on from there: a slow stretch is not followed by a rush.
    """

    def __init__(self, hz: float | None = HZ, clock: Callable[[], float] = time.monotonic) -> None:
        self.hz = hz
        self._clock = clock
        self.late = 0

    @property
    def _period(self) -> float:
        return 1 / self.hz if self.hz else 0.0

    def ticks(self, stop: Callable[[float], bool]) -> Iterator[int]:
        """Tick numbers from 0 until stop says so; stop(seconds) waits at most that long and tells whether to stop."""
        due = self._clock()
        tick = 0
        while not stop(max(due - self._clock(), 0.0)):
            yield tick
            tick += 1
            due += self._period
            if self._period and self._clock() > due + self._period:
                self.late += 1
                due = self._clock()
