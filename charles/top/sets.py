"""How long a balancer's sets take."""

from __future__ import annotations

from collections import deque
from datetime import datetime

_WINDOW_S = 120.0


class SetPace:
    """Follows one balancer's count of sets over the last two minutes."""

    def __init__(self) -> None:
        self._marks: deque[tuple[datetime, float]] = deque()

    def take(self, sets: float, heard: datetime) -> None:
        """sets: how many since the balancer began its present life."""
        if self._marks and sets < self._marks[-1][1]:
            self._marks.clear()
        self._marks.append((heard, sets))
        while (heard - self._marks[0][0]).total_seconds() > _WINDOW_S:
            self._marks.popleft()

    def words(self) -> str:
        """ "a set every 12 s", "no set for 40 s"; nothing where it was not followed for long enough to say."""
        if len(self._marks) < 2:
            return ""
        (start, before), (end, after) = self._marks[0], self._marks[-1]
        span_s = (end - start).total_seconds()
        if after == before:
            return f"no set for {span_s:.0f} s" if span_s >= 1 else ""
        each_s = span_s / (after - before)
        return f"a set every {each_s:.0f} s" if each_s >= 9.5 else f"a set every {each_s:.1f} s"
