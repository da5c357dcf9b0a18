"""A run cut into stretches of consecutive ticks: only within one can a control be set against what follows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from charles.label_checks import constant_signals
from charles.label_checks.impulse_response import BLOCK_TICKS, REACH_TICKS
from charles.label_checks.run_data import Driven, Flags, Floats, Integers

BRIDGED_TICKS = 3
"""So many missing ticks repeat the last one, as in the balancer's histories; more of them end a piece."""
SLIDING_RAD = 0.5
"""rad between where the car points and where it goes: one that slides does not follow its wheels."""
_STEP_M = 0.01
_SHORTEST_SEGMENT_TICKS = 2 * BLOCK_TICKS + 2 * REACH_TICKS + 1


@dataclass(frozen=True, slots=True)
class Segment:
    """rows: (n,) of the run, of each tick; counts: (n,), whether the tick is there, and the car drives and grips."""

    rows: Integers
    steering: Floats
    pedals: Floats
    speed: Floats
    yaw_rate: Floats
    counts: Flags

    def earlier(self, ticks: int) -> Segment:
        """With the controls that were recorded so many ticks later; what they leave at an end comes from the other."""
        return replace(self, steering=np.roll(self.steering, -ticks), pedals=np.roll(self.pedals, -ticks))


def pieces(driven: Driven) -> list[Segment]:
    """Those that are long enough to be judged, in order."""
    gaps = np.flatnonzero(np.diff(driven.tick) > BRIDGED_TICKS + 1) + 1
    ends = [0, *gaps.tolist(), len(driven)]
    counts = (driven.speed > constant_signals.MOVING_SPEED) & ~sliding(driven)
    for first, last in constant_signals.stuck(driven):
        counts[first : last + 1] = False
    cut = (_piece(driven, counts, first, last) for first, last in pairwise(ends) if last > first)
    return [piece for piece in cut if len(piece.rows) >= _SHORTEST_SEGMENT_TICKS]


def sliding(driven: Driven) -> Flags:
    """(n,): whether the car slides; nowhere in a run whose heading is not where the car goes at all."""
    if len(driven) < 2:
        return np.zeros(len(driven), bool)
    along, across = np.gradient(driven.x), np.gradient(driven.y)
    apart = np.abs(np.angle(np.exp(1j * (np.arctan2(across, along) - driven.heading))))
    goes = np.hypot(along, across) > _STEP_M
    slides = goes & (apart > SLIDING_RAD)
    return slides if slides.sum() < goes.sum() / 2 else np.zeros(len(driven), bool)


def _piece(driven: Driven, counts: Flags, first: int, last: int) -> Segment:
    ticks = driven.tick[first:last]
    wanted = np.arange(ticks[0], ticks[-1] + 1)
    rows = first + np.searchsorted(ticks, wanted, side="right") - 1
    there = driven.tick[rows] == wanted
    steering, pedals, speed, yaw_rate = (
        values[rows] for values in (driven.steering, driven.pedals, driven.speed, driven.yaw_rate)
    )
    return Segment(rows, steering, pedals, speed, yaw_rate, counts[rows] & there)
