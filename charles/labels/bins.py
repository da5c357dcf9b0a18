"""THE table of bin edges: which values of an output lie in which bin. Pure.

A bin is written as people write an interval: `[0.2, 0.8)` holds 0.2 and not 0.8; a number alone is a bin of its own.
The edges of v1 and v2 are the original's; those of v3 and v4 have a number of bins to choose.
"""

from __future__ import annotations

import itertools
import math
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Version = Literal["v1", "v2", "v3", "v4"]

BINS = 21
"""The default number of bins of an output in [-1, 1], in v3 and v4."""

_TENTHS = [f"{tenth / 10:g}" for tenth in range(11)]
_V1 = {
    0: "0  (0, 0.2)  [0.2, 0.8)  [0.8, 1)  1",
    -1: "-1  (-1, -0.6]  (-0.6, -0.2]  (-0.2, 0)  0  (0, 0.2)  [0.2, 0.6)  [0.6, 1)  1",
}
_V2_UNSIGNED = " ".join(["0", *(f"({a}, {b}]" for a, b in itertools.pairwise(_TENTHS[:-1])), "(0.9, 1)", "1"])
_BIN = re.compile(r"([\[(])\s*(\S+?),\s*(\S+?)\s*([\])])|(\S+)")


@dataclass(frozen=True, slots=True)
class Scale:
    """Bins side by side, of which every value in [low, high] lies in exactly one.

    names: as people write them, low to high; centres: a value that stands for each; starts: the least float in each.
    """

    names: tuple[str, ...]
    centres: tuple[float, ...]
    starts: tuple[float, ...]
    high: float

    def __len__(self) -> int:
        return len(self.names)

    @property
    def low(self) -> float:
        return self.starts[0]

    def bin_of(self, value: float) -> int:
        """The number of a value's bin, from 0. Raises ValueError outside of [low, high], and for NaN."""
        if not self.starts[0] <= value <= self.high:
            raise ValueError(f"a label must be in [{self.low:g}, {self.high:g}], not {value}")
        return bisect_right(self.starts, value) - 1


@lru_cache
def scale_of(version: Version, low: int, bins: int = BINS) -> Scale:
    """The bins of an output in [low, 1] under a version of the balancing; low: -1 or 0.

    bins: how many an output in [-1, 1] has in v3 and v4, an odd number; one in [0, 1] then has the upper half of them.
    """
    if version == "v1":
        return _written(_V1[low])
    if version == "v2":
        return _written(_V2_UNSIGNED) if low == 0 else _even(low, BINS)
    return _even(low, bins)


@lru_cache
def around(centres: Sequence[float], names: Sequence[str], low: float, high: float) -> Scale:
    """A bin around each of these growing values: a value lies in that of the nearest, half-way in that nearer to 0."""
    middles = [(a + b) / 2 for a, b in itertools.pairwise(centres)]
    starts = [low, *(math.nextafter(middle, math.inf) if middle > 0 else middle for middle in middles)]
    return Scale(tuple(names), tuple(centres), tuple(starts), high)


def _even(low: int, bins: int) -> Scale:
    """0 alone, then bins of one width up to 1, and down to -1 too; an edge belongs to the bin nearer to 0."""
    each = bins // 2
    edges = [step / each for step in range(each + 1)]
    sides = list(itertools.pairwise(edges))
    below = sides[::-1] if low else []
    return Scale(
        names=(*(f"[{-b:.3g}, {-a or 0:.3g})" for a, b in below), "0", *(f"({a:.3g}, {b:.3g}]" for a, b in sides)),
        centres=(*(-(a + b) / 2 for a, b in below), 0.0, *((a + b) / 2 for a, b in sides)),
        starts=(*(-b for _, b in below), 0.0, *(math.nextafter(a, math.inf) for a, _ in sides)),
        high=1.0,
    )


def _written(text: str) -> Scale:
    """The bins that a text names, from low to high."""
    names, centres, starts = [], [], []
    high = 0.0
    for opening, first, last, closing, alone in _BIN.findall(text):
        low, high = (float(alone), float(alone)) if alone else (float(first), float(last))
        names.append(alone or f"{opening}{first}, {last}{closing}")
        centres.append((low + high) / 2)
        starts.append(math.nextafter(low, math.inf) if opening == "(" else low)
    return Scale(tuple(names), tuple(centres), tuple(starts), high)
