"""Every benchmark of the table, for real and with next to no work. How fast it was is nobody's business here."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from benchmarks.harness import Benchmark, judge, turns
from benchmarks.place import BenchPlace
from benchmarks.table import BENCHMARKS


@pytest.mark.slow
@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=[benchmark.name for benchmark in BENCHMARKS])
def test_a_benchmark_gives_finite_figures(benchmark: Benchmark, broker: str, tmp_path: Path) -> None:
    with benchmark.open(BenchPlace(tmp_path, lambda: broker, scale=0.02)) as contest:
        results = judge(benchmark, list(turns(contest, rounds=1)))
    figures = [figure for result in results for figure in (result.ours, result.yardstick, result.ratio)]
    assert all(math.isfinite(figure) and figure >= 0 for figure in figures if figure is not None)
    assert all(result.ours > 0 for result in results if result.aim)
    assert sum(result.met is not None for result in results) == len(benchmark.aim.figures)
