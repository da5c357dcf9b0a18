"""How even the bins are, in figures. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from charles.balancing.label_counts import LabelCounts, Values
from charles.pacing import HZ


@dataclass(frozen=True, slots=True)
class BinSpread:
    """ratio: the largest bin over the smallest that is not empty, None where all are; empty: how many are; share: of
    the largest, in all; evenness: the entropy, as a share of that of equal bins."""

    ratio: float | None
    empty: int
    share: float
    evenness: float

    @property
    def flat(self) -> bool:
        """Whether all bins hold the very same number, and something."""
        return self.ratio == 1 and self.empty == 0

    def __str__(self) -> str:
        if self.ratio is None:
            return "-"
        ratio = f"{self.ratio:,.3g}" if self.ratio < 1000 else f"{self.ratio:,.0f}"
        return ratio + (", flat" if self.flat else f", {self.empty} empty" if self.empty else "")


def spread(counts: Values) -> BinSpread:
    """Of a histogram; counts: by bin, at least two."""
    there = counts[counts > 0]
    if not len(there):
        return BinSpread(None, len(counts), 0.0, 0.0)
    shares = there / there.sum()
    entropy = float(-(shares * np.log(shares)).sum())
    return BinSpread(
        ratio=float(there.max() / there.min()),
        empty=len(counts) - len(there),
        share=float(shares.max()),
        evenness=entropy / float(np.log(len(counts))),
    )


HEADS = ("sets of", "as driven", "its sets", "other outputs", "sets", "per min", "ticks")
"""Of a table of rows; bins are told as Spread's words."""


@dataclass(frozen=True, slots=True)
class EvennessRow:
    """One kind of set. driven, own: its cells, among all ticks driven and in its sets; others: the bins of the other
    outputs in the same samples; per_minute: sets, for each minute that one car drove; emitted: the share of all ticks
    that its sets took."""

    kind: str
    driven: BinSpread
    own: BinSpread
    others: dict[str, BinSpread]
    sets: int
    per_minute: float
    emitted: float

    def words(self) -> tuple[str, ...]:
        """As a table shows them, under HEADS."""
        others = "; ".join(f"{name} {one}" for name, one in self.others.items())
        figures = (f"{self.sets:,}", f"{self.per_minute:.1f}", f"{self.emitted:.1%}")
        return self.kind, str(self.driven), str(self.own), others, *figures

    def as_json(self) -> dict[str, Any]:
        def plain(one: BinSpread) -> dict[str, Any]:
            return {"ratio": one.ratio, "empty": one.empty, "largest_share": one.share, "evenness": one.evenness}

        return {
            "kind": self.kind,
            "driven": plain(self.driven),
            "own_sets": plain(self.own) | {"flat": self.own.flat},
            "others_in_own_sets": {name: plain(one) for name, one in self.others.items()},
            "sets": self.sets,
            "sets_per_minute": self.per_minute,
            "share_of_ticks": self.emitted,
        }


def minutes(counts: LabelCounts) -> float:
    """How long the cars drove, all together: a tick is 1/30 s of driving, at whatever pace it was driven."""
    return counts.drive.ticks / HZ / 60


def rows(counts: LabelCounts) -> Iterator[EvennessRow]:
    """A row for each kind of set."""
    for name, kind in counts.kinds.items():
        sets = counts.sets[name]
        whole = sets.samples // len(kind.cells)
        own = {output.value for output in kind.outputs}
        yield EvennessRow(
            kind=name,
            driven=spread(counts.drive.cells[name]),
            own=spread(sets.cells),
            others={value: spread(bins) for value, bins in sets.seen.labels.items() if value not in own},
            sets=whole,
            per_minute=whole / minutes(counts) if counts.drive.ticks else 0.0,
            emitted=sets.samples / counts.drive.ticks if counts.drive.ticks else 0.0,
        )
