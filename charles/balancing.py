"""Balancing v3: which bin a label belongs to, what waits in the bins, when a set is whole. Pure: knows no Kafka.

Every output has an odd number of bins, by default 21: 0 alone, and as many of one width on each side, ten of 0.1. A set
of an output is one tick of each of its bins. A tick waits in one bin of every output; it is emitted once, for one
output, and leaves the others. Of the ticks in a bin a set takes the one that the other outputs can spare best: sets of
one output then hold up those of another as little as can be (a fifth more sets than by age, in the city). A full bin
keeps the newest.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Generic, TypeVar

BINS = 21
ZERO = BINS // 2

Id = TypeVar("Id", bound=Hashable)


def bin_of(label: float, bins: int = BINS) -> int:
    """The bin of a label in [-1, 1]. Of 21: 10 is exactly zero; 11 is (0, 0.1], 20 is (0.9, 1], 9 is [-0.1, 0), ...

    bins: an odd number. Raises ValueError outside the range and for NaN.
    """
    if not -1 <= label <= 1:
        raise ValueError(f"a label must be in [-1, 1], not {label}")
    zero = bins // 2
    if label == 0:
        return zero
    steps = 1 + bisect_left(_edges(bins), abs(label))
    return zero + steps if label > 0 else zero - steps


def bin_name(index: int, bins: int = BINS) -> str:
    """A bin as people write it: '0', '(0.3, 0.4]', '[-0.4, -0.3)'."""
    zero = bins // 2
    if index == zero:
        return "0"
    steps = abs(index - zero)
    low, high = (steps - 1) / zero, steps / zero
    return f"({low:.3g}, {high:.3g}]" if index > zero else f"[-{high:.3g}, {'-' if low else ''}{low:.3g})"


@lru_cache
def _edges(bins: int) -> tuple[float, ...]:
    """The upper edges of the bins above 0."""
    return tuple(step / (bins // 2) for step in range(1, bins // 2 + 1))


class Bins(Generic[Id]):
    """What waits, by output and bin, oldest first."""

    def __init__(self, outputs: tuple[str, ...], capacity: int, bins: int = BINS) -> None:
        self._capacity = capacity
        self._number = bins
        self._bins: dict[str, list[dict[Id, None]]] = {output: [{} for _ in range(bins)] for output in outputs}
        self._places: dict[Id, dict[str, int]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, tick: Id) -> bool:
        return tick in self._places

    def add(self, tick: Id, labels: Mapping[str, float]) -> list[Id]:
        """Let a tick wait in its bin of every output; labels has them all.

        Returns the ticks that now wait nowhere any more: surplus.
        """
        self._places[tick] = {}
        surplus = []
        for output, bins in self._bins.items():
            index = bin_of(labels[output], self._number)
            waiting = bins[index]
            waiting[tick] = None
            self._places[tick][output] = index
            if len(waiting) > self._capacity:
                oldest = next(iter(waiting))
                del waiting[oldest]
                del self._places[oldest][output]
                if not self._places[oldest]:
                    del self._places[oldest]
                    surplus.append(oldest)
        return surplus

    def whole_set(self, output: str) -> list[Id] | None:
        """One tick of each bin of an output, in the bins' order; None while a bin is empty.

        It is the one whose other bins are fullest, the oldest of several.
        """
        bins = self._bins[output]
        if not all(bins):
            return None
        return [max(waiting, key=lambda tick: self._spare(tick, output)) for waiting in bins]

    def remove(self, tick: Id) -> None:
        """Take a tick out of every bin it waits in."""
        for output, index in self._places.pop(tick).items():
            del self._bins[output][index][tick]

    def _spare(self, tick: Id, output: str) -> float:
        """How many ticks wait in the emptiest of a tick's other bins; infinite where it waits in no other."""
        others = (len(self._bins[other][index]) for other, index in self._places[tick].items() if other != output)
        return min(others, default=math.inf)

    def counts(self, output: str) -> list[int]:
        """How many ticks wait in each bin of an output."""
        return [len(waiting) for waiting in self._bins[output]]
