"""Ours and the yardstick by turns, and what comes out of it.

A machine that is busy with other things slows both: the ratio of two neighbours in time says more than either figure.
"""

from __future__ import annotations

import importlib
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, cast

from benchmarks.place import Place

Figures = Mapping[str, float]
"""What one turn measured: by name, or a single one by the empty name."""


@dataclass(frozen=True, slots=True)
class Contest:
    """Both sides of a benchmark, ready to run as often as asked for."""

    ours: Callable[[], Figures]
    yardstick: Callable[[], Figures]


@dataclass(frozen=True, slots=True)
class Aim:
    """What shall hold: the ratio, or our own figure, at least (more is better) or at most (less is) this bound.

    figure: which one, of a benchmark with several.
    """

    of: Literal["ratio", "ours"]
    bound: float
    figure: str = ""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One row of the table. name: also of its module here and the function in it, a context manager that takes a
    Place and gives a Contest; ours, yardstick: what is compared, in words."""

    name: str
    unit: str
    better: Literal["more", "less"]
    aim: Aim
    ours: str
    yardstick: str

    def open(self, place: Place) -> AbstractContextManager[Contest]:
        module = importlib.import_module(f"benchmarks.{self.name}")
        return cast("AbstractContextManager[Contest]", getattr(module, self.name)(place))


@dataclass(frozen=True, slots=True)
class Result:
    """One figure of a benchmark. ours, yardstick, ratio: medians over the rounds; low, high: the rounds' smallest and
    largest ratio; aim: in words, empty where this figure has none; met: None without an aim."""

    name: str
    unit: str
    better: str
    ours: float
    yardstick: float
    ratio: float
    low: float
    high: float
    rounds: int
    aim: str
    met: bool | None


def turns(contest: Contest, rounds: int) -> Iterator[tuple[Figures, Figures]]:
    """Ours, yardstick, ours, yardstick, ...: a pair for each round, after one that is not counted.

    The first turn of either side meets cold caches, a cold Java, untraced functions.
    """
    for number in range(rounds + 1):
        pair = contest.ours(), contest.yardstick()
        if number:
            yield pair


def judge(benchmark: Benchmark, pairs: Sequence[tuple[Figures, Figures]]) -> list[Result]:
    """What the rounds say: one result for each figure."""
    return [_judge_one(benchmark, figure, pairs) for figure in pairs[0][0]]


def _judge_one(benchmark: Benchmark, figure: str, pairs: Sequence[tuple[Figures, Figures]]) -> Result:
    ratios = [ours[figure] / yardstick[figure] for ours, yardstick in pairs]
    medians = {
        "ours": statistics.median(ours[figure] for ours, _ in pairs),
        "yardstick": statistics.median(yardstick[figure] for _, yardstick in pairs),
        "ratio": statistics.median(ratios),
    }
    aim, words, met = benchmark.aim, "", None
    if aim.figure == figure:
        more = benchmark.better == "more"
        words = f"{aim.of} {'>=' if more else '<='} {aim.bound:g}"
        met = medians[aim.of] >= aim.bound if more else medians[aim.of] <= aim.bound
    return Result(
        name=f"{benchmark.name} {figure}".strip(),
        unit=benchmark.unit,
        better=benchmark.better,
        **medians,
        low=min(ratios),
        high=max(ratios),
        rounds=len(pairs),
        aim=words,
        met=met,
    )
