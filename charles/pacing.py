"""The 30 Hz keeper, whose late ticks are counted, never silently dropped; what is due now and then; and how many of
anything come a second."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator

HZ = 30
_WINDOW_S = 5.0


class RateKeeper:
    """Yields tick numbers at a steady rate, or without waiting.

    hz: ticks per second, may change at any time; None: no waiting. A tick that begins more than one period late counts
    as late, and the schedule restarts from there, so a slow phase is not followed by a burst. behind_s: how late the
    current tick began.
    """

    def __init__(self, hz: float | None = HZ, clock: Callable[[], float] = time.monotonic) -> None:
        self.hz = hz
        self._clock = clock
        self.late = 0
        self.behind_s = 0.0

    @property
    def _period(self) -> float:
        return 1 / self.hz if self.hz else 0.0

    def ticks(self, stop: Callable[[float], bool]) -> Iterator[int]:
        """Tick numbers from 0 until stop says so; stop(seconds) waits at most that long and tells whether to stop."""
        due = self._clock()
        tick = 0
        while not stop(max(due - self._clock(), 0.0)):
            self.behind_s = max(self._clock() - due, 0.0) if self._period else 0.0
            if self._period and self.behind_s > self._period:
                self.late += 1
                due = self._clock()
            yield tick
            tick += 1
            due += self._period


class Every:
    """Says when something is due: at the first question, then every so many seconds on average.

    at_once: False: the first time is after so many seconds. Questions that come more seldom are all answered with yes;
    a long gap between two of them is not followed by a rush.
    """

    def __init__(self, seconds: float, *, at_once: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._at = clock() + (0.0 if at_once else seconds)

    def due(self) -> bool:
        """Whether it is time; if so, it is not again before the next one."""
        now = self._clock()
        if now < self._at:
            return False
        following = self._at + self._seconds
        self._at = following if following > now else now + self._seconds
        return True

    def put_off(self, seconds: float) -> None:
        """It is not due for so many seconds from now."""
        self._at = self._clock() + seconds


class Rate:
    """Events a second, over the last few seconds."""

    def __init__(self, window_s: float = _WINDOW_S) -> None:
        self._window_s = window_s
        self._marks: deque[tuple[float, int]] = deque()
        self._total = 0

    def add(self, count: int = 1) -> None:
        self._total += count

    def per_second(self) -> float:
        now_s = time.monotonic()
        self._marks.append((now_s, self._total))
        while len(self._marks) > 2 and self._marks[1][0] < now_s - self._window_s:
            self._marks.popleft()
        (start_s, start), (end_s, end) = self._marks[0], self._marks[-1]
        return (end - start) / (end_s - start_s) if end_s > start_s else 0.0
