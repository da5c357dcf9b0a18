"""How the motion answers a control: one number for each lag, and how sure it is.

The change of the motion from one tick to the next is regressed on the control at all lags at once, from REACH_TICKS
before to REACH_TICKS after. A plain cross-correlation would find a broad hill only, because a control resembles itself
a few ticks later; the regression takes that resemblance out, and what is left is a peak at the lag at which the car
answers. That the motion lags by itself (it is an integral) is taken out by what it is now, which is regressed on too.

The driver answers the motion as well, and while a collector disturbs its car the recorded control is not the executed
one. Neither moves the peak: an answer of the driver has the other sign, and noise is like no lag of the control.

Ticks are weighted down where the motion is wild (a car that spins tells nothing), where the control flickers (a driver
that faces away from its road changes sides at every tick, and nothing can follow that), and where it hardly changes (on
a circle that a car goes round and round, the control follows the motion as well as the other way).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from charles.label_checks.run_data import Flags, Floats, Integers

REACH_TICKS = 15
LAGS = np.arange(-REACH_TICKS, REACH_TICKS + 1)
BLOCK_TICKS = 150
"""Ticks of which sums are kept: every stretch of whole blocks can be judged without reading them again."""
_RIDGE = 0.002
"""Of the mean variance: neighbouring lags are hardly told apart without it."""
_MOTION, _CONTROL = 6, 25
"""Ticks on either side over which motion and control count as wild."""
_CALM, _STIRRED = 0.3, 0.1
_CLIP = 4.0


@dataclass(frozen=True, slots=True)
class ImpulseResponse:
    """gain: of the motion for one unit of the control, at each of LAGS; sure: gain over its standard error."""

    gain: Floats
    sure: Floats

    def best(self, low: int, high: int) -> int:
        """The lag from low to high, both included, at which the motion answers most surely in the control's sense."""
        return low + int(self.sure[low + REACH_TICKS : high + REACH_TICKS + 1].argmax())

    def most(self, low: int, high: int) -> float:
        """How sure it is there."""
        return float(self.sure[low + REACH_TICKS : high + REACH_TICKS + 1].max())

    def least(self, low: int, high: int) -> float:
        """How sure the answer in the opposite sense is, at its lag from low to high; below 0 where there is one."""
        return float(self.sure[low + REACH_TICKS : high + REACH_TICKS + 1].min())


class ResponseFit:
    """The answer of one motion to one control, over a stretch of consecutive ticks.

    control, motion: (n,); present: columns (k, n) of what the motion's change depends on besides; counts: (n,), whether
    a tick may be used. A change is that to the next tick, so lag 0 is a motion that follows at once. blocks: how many.
    first: the tick of the first row of the first block; the last block is longer by what is left.
    """

    first = REACH_TICKS

    def __init__(self, control: Floats, motion: Floats, present: Floats, counts: Flags) -> None:
        rows = np.arange(REACH_TICKS, len(control) - REACH_TICKS - 1)
        change = np.diff(motion, append=motion[-1:])
        used = (counts & np.roll(counts, -1))[rows]
        weight = _weight(control, change, rows, used)
        # Column j: the control LAGS[j] ticks ago.
        shifted = sliding_window_view(control, 2 * REACH_TICKS + 1)[:-1, ::-1]
        self._columns = np.concatenate([present.T[rows], shifted], axis=1) * weight[:, None]
        self._change = change[rows] * weight
        self._used = used
        self._known = len(present)
        self.blocks = max(len(rows) // BLOCK_TICKS, 0)
        joint = np.concatenate([self._columns, self._change[:, None]], axis=1)
        self._sums = [joint[part].T @ joint[part] for part in self._parts()]
        self._counts = [int(used[part].sum()) for part in self._parts()]

    def over(self, first: int, last: int) -> ImpulseResponse | None:
        """The answer over blocks first to last, the last not included; None where too little can be used."""
        count = sum(self._counts[first:last])
        if count < (last - first) * BLOCK_TICKS // 2:
            return None
        sums = np.sum(self._sums[first:last], axis=0)
        inner, outer, total = sums[:-1, :-1], sums[:-1, -1], sums[-1, -1]
        inverse = self._inverse(inner)
        gain = inverse @ outer
        left = max(float(total - 2 * gain @ outer + gain @ inner @ gain), 0.0) / max(count - len(gain), 1)
        error = np.sqrt(np.maximum(np.diag(inverse @ inner @ inverse), 0.0) * left)
        sure = np.divide(gain, error, out=np.zeros_like(gain), where=error > 1e-12 * np.abs(gain))
        return ImpulseResponse(gain[self._known :], sure[self._known :])

    def evidence(self) -> Floats:
        """(rows, lags): what each tick adds to the gain at each lag, in units of that lag's spread, clipped."""
        parts = (self._columns @ self._inverse(self._columns.T @ self._columns))[:, self._known :]
        parts = parts * self._change[:, None]
        parts /= np.sqrt((parts**2).mean(axis=0)) + 1e-300
        clipped: Floats = np.clip(parts, -_CLIP, _CLIP)
        return clipped

    def rows(self, first: int, last: int) -> tuple[int, int]:
        """The rows of blocks first to last (not included), as indices into evidence(): first and one after the last."""
        return first * BLOCK_TICKS, len(self._change) if last == self.blocks else last * BLOCK_TICKS

    def _parts(self) -> list[slice]:
        return [slice(*self.rows(block, block + 1)) for block in range(self.blocks)]

    def _inverse(self, inner: Floats) -> Floats:
        ridge = np.full(len(inner), 1e-9)
        ridge[self._known :] += _RIDGE * np.trace(inner[self._known :, self._known :]) / len(LAGS)
        return np.asarray(np.linalg.inv(inner + np.diag(ridge)), np.float64)


def _weight(control: Floats, change: Floats, rows: Integers, used: Flags) -> Floats:
    """(rows,): how much each tick counts, 0 where it may not be used."""
    if not used.any():
        return np.zeros(len(rows))
    wild = _spread(change, _MOTION)[rows]
    flicker = _spread(np.diff(control, prepend=control[:1]), _CONTROL)[rows]
    calm, usual = float(np.median(wild[used])), float(flicker[used].mean())
    stirred = flicker / (usual + 1e-12)
    weight: Floats = used * stirred / ((stirred + _STIRRED) * np.sqrt(1 + stirred**2) * (wild + _CALM * calm + 1e-12))
    return weight


def _spread(values: Floats, around: int) -> Floats:
    """(n,): the root mean square over so many ticks on either side."""
    window = np.ones(2 * around + 1) / (2 * around + 1)
    spread: Floats = np.sqrt(np.maximum(np.convolve(values**2, window, "same"), 0.0))
    return spread
