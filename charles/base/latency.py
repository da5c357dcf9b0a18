"""Latencies as counts per bucket, which can be stored, added, and turned into quantiles. Pure.

counts[i] is the number that took at most BOUNDS_S[i] and longer than the bound before. One more bucket counts what took
longer than the last bound. Trailing zeros may be left out, so [] means none.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from charles.base.time_format import short

BOUNDS_S = tuple(0.001 * 2 ** (half / 2) for half in range(49))
"""Two per octave, from 1 ms to 4.7 h. What RunLedger.latencies means: never to be changed."""


def add(counts: list[int], seconds: float) -> None:
    """Count one.

    A negative time (a clock was set back, or another machine's clock is ahead) counts as 0: the first bucket.
    """
    place = bisect_left(BOUNDS_S, seconds)
    if place >= len(counts):
        counts.extend([0] * (place + 1 - len(counts)))
    counts[place] += 1


def merged(several: Iterable[Sequence[int]]) -> list[int]:
    """All of them together."""
    return [sum(places) for places in zip_longest(*several, fillvalue=0)]


def quantile(counts: Sequence[int], share: float) -> float | None:
    """The quantile in seconds, interpolated in its bucket; None if there is no data. share: in (0, 1]. What took longer
    than the last bound counts as the last bound.
    """
    wanted = share * sum(counts)
    below = 0
    for place, count in enumerate(counts):
        if count and below + count >= wanted:
            low = BOUNDS_S[min(place, len(BOUNDS_S)) - 1] if place else 0.0
            high = BOUNDS_S[min(place, len(BOUNDS_S) - 1)]
            return low + (high - low) * (wanted - below) / count
        below += count
    return None


def percentiles(counts: Sequence[int]) -> dict[str, float | None]:
    """The common quantiles by name, in seconds: p50, p95, p99."""
    return {f"p{percent}": quantile(counts, percent / 100) for percent in (50, 95, 99)}


def words(counts: Sequence[int]) -> str:
    """For people: `p50 0.31 s, p95 2.4 s, p99 8.9 s`; empty if there is no data."""
    found = percentiles(counts).items()
    return ", ".join(f"{name} {short(value)}" for name, value in found if value is not None)
