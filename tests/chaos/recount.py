"""What must have become of a run's ticks, counted anew from what its collector sent: another way than the balancer's.
Pure: knows no Kafka."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.chaos.evidence import Raw, Run
from tests.chaos.moments import Values, values

HISTORY = 60
_LONGEST_GAP = 3
SIGNALS = tuple(Values.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Expected:
    """The terms of a run's ledger that follow from what was sent. whole: the ticks with both halves and a whole
    history, each of which waits, is emitted, or is surplus."""

    seen: int
    missing: int
    unmatched: int
    dead_lettered: int
    warm_up: int
    whole: frozenset[int]


class Past:
    """The controls of one run, and what the history of each tick must be: those of the 60 ticks before it, where up to
    3 in a row that never came repeat the one before them."""

    def __init__(self, run: Run, controls: set[int]) -> None:
        self._planted = _planted(run, max(controls, default=-1) + 1)
        newest, since = _stretches(controls)
        self._newest, self._since = np.array(newest), np.array(since)

    def is_whole(self, tick: int) -> bool:
        """Whether there is a whole history before a tick."""
        if not 0 < tick <= len(self._newest):
            return False
        newest, since = self._newest[tick - 1], self._since[tick - 1]
        return bool(newest >= 0 and tick - 1 - newest <= _LONGEST_GAP and since <= tick - HISTORY)

    def before(self, tick: int) -> NDArray[np.float64]:
        """One row of 60 for each of SIGNALS, ending at tick-1; of a tick that has a whole history."""
        rows: NDArray[np.float64] = self._planted[:, self._newest[tick - HISTORY : tick]]
        return rows


def expected(raw: Raw, past: Past) -> Expected:
    every = raw.frames | raw.controls
    both = (raw.frames & raw.controls) - raw.broken
    whole = frozenset(tick for tick in both if past.is_whole(tick))
    seen = max(every) + 1
    return Expected(
        seen=seen,
        missing=seen - len(every),
        unmatched=len((raw.frames ^ raw.controls) - raw.broken),
        dead_lettered=len(raw.broken),
        warm_up=len(both) - len(whole),
        whole=whole,
    )


def _planted(run: Run, length: int) -> NDArray[np.float64]:
    """What was planted: (signals, ticks)."""
    found = np.empty((len(SIGNALS), length))
    for tick in range(length):
        planted = values(*run, tick)
        found[:, tick] = [getattr(planted, signal) for signal in SIGNALS]
    return found


def _stretches(controls: set[int]) -> tuple[list[int], list[int]]:
    """For each tick up to 4 beyond the last control: the newest one at or before it (-1: none), and where the stretch
    without a longer gap that this one is in began."""
    newest: list[int] = []
    since: list[int] = []
    for tick in range(max(controls, default=-1) + 2 + _LONGEST_GAP):
        before = newest[-1] if newest else -1
        if tick not in controls:
            newest.append(before)
            since.append(since[-1] if since else tick)
            continue
        fresh = before < 0 or tick - before - 1 > _LONGEST_GAP
        newest.append(tick)
        since.append(tick if fresh else since[-1])
    return newest, since
