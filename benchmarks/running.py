"""Runs benchmarks of the table, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.harness import Benchmark, Result, judge, turns
from benchmarks.place import BenchPlace, own_place
from benchmarks.table import BENCHMARKS
from charles.settings import ConfigError

ALL = "all"


def chosen(name: str) -> tuple[Benchmark, ...]:
    """The benchmark of this name, or all. Raises ConfigError, naming those there are."""
    found = tuple(benchmark for benchmark in BENCHMARKS if name in (benchmark.name, ALL))
    if not found:
        names = ", ".join(benchmark.name for benchmark in BENCHMARKS)
        raise ConfigError(f"no benchmark is called {name!r}; there are: {names}, and {ALL}")
    return found


def run(name: str, rounds: int, console: Console) -> list[Result]:
    """The results of the benchmark of this name, or of all; console is shown how far it is. Raises ConfigError."""
    benchmarks = chosen(name)
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[step]}"), TimeElapsedColumn()
    with (
        Progress(*columns, console=console, redirect_stdout=False, redirect_stderr=False, transient=True) as progress,
        own_place(lambda what, done, total: console.print(f"{what} {done}/{total}")) as place,
    ):
        return list(chain.from_iterable(_run_one(benchmark, rounds, place, progress) for benchmark in benchmarks))


def _run_one(benchmark: Benchmark, rounds: int, place: BenchPlace, progress: Progress) -> Iterator[Result]:
    task = progress.add_task(f"{benchmark.name}: {benchmark.ours}", total=rounds, step="prepares, warms up")
    pairs = []
    with benchmark.open(place) as contest:
        for pair in turns(contest, rounds):
            pairs.append(pair)
            progress.update(task, advance=1, step=f"round {len(pairs)} of {rounds}")
    return iter(judge(benchmark, pairs))
