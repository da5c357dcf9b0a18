"""How long a balancer's sets take, and which bin holds them up."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from charles.events import Status
from charles.labels.set_kinds import JOINT

_WINDOW_S = 120.0
_SETS = "sets_"


def sets_by_kind(balancer: Status) -> dict[str, float]:
    """How many sets of each kind it has made in its present life."""
    return {name.removeprefix(_SETS): sets for name, sets in balancer.figures.items() if name.startswith(_SETS)}


def held_up(balancer: Status, kind: str) -> str:
    """Which bin holds up the next set of a kind, and how many of the ticks come for it; nothing when none does."""
    names = (name for name in balancer.starving if kind in (JOINT, name.partition(" ")[0].partition(":")[0]))
    if not (scarcest := next(names, "")):
        return ""
    bin_name = scarcest if kind == JOINT else scarcest.partition(" ")[2]
    share = balancer.figures.get(f"scarcest_{kind}", 0.0)
    return f"held up by {bin_name} ({100 * share:.2g} % of the ticks)"


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
