"""Ours and the yardstick by turns, and what comes out of it.

A machine that is busy with other things slows both: the ratio of two neighbours in time says more than either figure.
"""

from __future__ import annotations

import importlib
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, cast

from benchmarks.place import BenchPlace

Figures = Mapping[str, float]
"""What one turn measured: by name, or a single one by the empty name."""
Pair = tuple[Figures, Figures | None]
"""Ours and the yardstick's, where there is one; it may have fewer."""


@dataclass(frozen=True, slots=True)
class Contest:
    """Both sides of a benchmark, ready to run as often as asked for; yardstick: None where nothing does the same work
    bare."""

    ours: Callable[[], Figures]
    yardstick: Callable[[], Figures] | None


@dataclass(frozen=True, slots=True)
class Aim:
    """What shall hold: the ratio, or our own figure, at least (more is better) or at most (less is) this bound.

    figures: which ones, of a benchmark with several.
    """

    of: Literal["ratio", "ours"]
    bound: float
    figures: tuple[str, ...] = ("",)


Better = Literal["more", "less"]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One row of the table. name: also of its module here and the function in it, a context manager that takes a
    Place and gives a Contest; ours, yardstick: what is compared, in words; beside: unit and better of figures, by name,
    that have other ones."""

    name: str
    unit: str
    better: Better
    aim: Aim
    ours: str
    yardstick: str
    beside: Mapping[str, tuple[str, Better]] = field(default_factory=dict)

    def open(self, place: BenchPlace) -> AbstractContextManager[Contest]:
        module = importlib.import_module(f"benchmarks.{self.name}")
        return cast("AbstractContextManager[Contest]", getattr(module, self.name)(place))


@dataclass(frozen=True, slots=True)
class Result:
    """One figure of a benchmark. ours, yardstick, ratio: medians over the rounds, the latter two None where there is no
    yardstick; low, high: the smallest and largest ratio of the rounds, or without a yardstick ours; aim: in words,
    empty where this figure has none; met: None without an aim."""

    name: str
    unit: str
    better: Better
    ours: float
    yardstick: float | None
    ratio: float | None
    low: float
    high: float
    rounds: int
    aim: str
    met: bool | None


def turns(contest: Contest, rounds: int) -> Iterator[Pair]:
    """Ours, yardstick, ours, yardstick, ...: a pair for each round, after one that is not counted.

    The first turn of either side meets cold caches, a cold Java, untraced functions.
    """
    for number in range(rounds + 1):
        pair = contest.ours(), contest.yardstick() if contest.yardstick else None
        if number:
            yield pair


def judge(benchmark: Benchmark, pairs: Sequence[Pair]) -> list[Result]:
    """What the rounds say: one result for each figure."""
    return [_judge_one(benchmark, figure, pairs) for figure in pairs[0][0]]


def _judge_one(benchmark: Benchmark, figure: str, pairs: Sequence[Pair]) -> Result:
    unit, better = benchmark.beside.get(figure, (benchmark.unit, benchmark.better))
    ours = [own[figure] for own, _ in pairs]
    yardsticks = [other[figure] for _, other in pairs if other is not None and figure in other]
    ratios = [own / other for own, other in zip(ours, yardsticks, strict=False)]
    aim, words, met = benchmark.aim, "", None
    if figure in aim.figures:
        words = f"{aim.of} {'>=' if better == 'more' else '<='} {aim.bound:g}"
        found = statistics.median(ratios if aim.of == "ratio" else ours)
        met = found >= aim.bound if better == "more" else found <= aim.bound
    return Result(
        name=f"{benchmark.name} {figure}".strip(),
        unit=unit,
        better=better,
        ours=statistics.median(ours),
        yardstick=statistics.median(yardsticks) if yardsticks else None,
        ratio=statistics.median(ratios) if ratios else None,
        low=min(ratios or ours),
        high=max(ratios or ours),
        rounds=len(pairs),
        aim=words,
        met=met,
    )
