"""Several drivers over the same unseen worlds, and how they compare. No Kafka."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from typing import Any

from rich.table import Table

from charles.evaluation.driving import Drive, Driver, drive
from charles.games import Game
from charles.settings import Unstuck

FIRST_UNSEEN = 1_000_000  # collectors' worlds have lower seeds (settings.Collect.seed)

OpenGame = Callable[[int], Game]
Task = tuple[str, int]  # a driver's name and a seed


@dataclass(frozen=True, slots=True)
class Scores:
    """drives: by driver, one per seed, in the order of the seeds. score: "distance" (metres) or "reward"."""

    game: str
    score: str
    drives: dict[str, list[Drive]]

    def values(self, driver: str) -> list[float]:
        return [drive.score for drive in self.drives[driver]]

    def mean(self, driver: str) -> float:
        return statistics.fmean(self.values(driver))

    def as_json(self) -> dict[str, Any]:
        """What --json prints and scores.json holds."""
        drivers = {
            name: self._summary(name) | {"drives": [asdict(drive) for drive in drives]}
            for name, drives in self.drives.items()
        }
        return {"game": self.game, "score": self.score, "unit": self.unit, "drivers": drivers}

    @property
    def unit(self) -> str:
        return "m" if self.score == "distance" else "points"

    def table(self) -> Table:
        seeds = len(next(iter(self.drives.values())))
        what = "metres before the first crash or getting stuck" if self.score == "distance" else "reward of an episode"
        table = Table(title=f"{self.game}: {what}, the same {seeds} unseen worlds for each", title_justify="left")
        table.add_column("driver")
        for column in ("mean", "median", "min", "max"):
            table.add_column(column, justify="right")
        table.add_column("how the drives ended")
        for name, drives in self.drives.items():
            figures = [f"{value:,.0f}" for value in self._summary(name).values()]
            ends = [drive.end for drive in drives]
            counted = ", ".join(f"{ends.count(end)} {_ENDS[end]}" for end in _ENDS if end in ends)
            table.add_row(name, *figures, counted)
        return table

    def _summary(self, name: str) -> dict[str, float]:
        values = self.values(name)
        return {
            "mean": statistics.fmean(values),
            "median": statistics.median(values),
            "min": min(values),
            "max": max(values),
        }


_ENDS = {"cap": "still driving", "over": "over", "crashed": "crashed", "stuck": "stuck"}


def evaluate(
    game: str,
    open_game: OpenGame,
    drivers: Mapping[str, Driver],
    seeds: Sequence[int],
    unstuck: Unstuck,
    *,
    workers: int = 1,
    finished: Callable[[str, Drive], None] = lambda _name, _drive: None,
) -> Scores:
    """Drive every driver through the world of every seed.

    workers: processes that drive at the same time; beyond 1, open_game and the drivers travel to them. finished: called
    after each drive. The scores do not depend on workers: a world and a driver depend on nothing but their seeds and
    weights.
    """
    tasks = [(name, seed) for seed in seeds for name in drivers]
    drives: dict[tuple[str, int], Drive] = {}
    for task, driven in _in_turn(open_game, drivers, unstuck, tasks, workers):
        drives[task] = driven
        finished(task[0], driven)
    probe = open_game(seeds[0])
    score = probe.episode.score
    probe.close()
    return Scores(game, score, {name: [drives[name, seed] for seed in seeds] for name in drivers})


def _in_turn(
    open_game: OpenGame, drivers: Mapping[str, Driver], unstuck: Unstuck, tasks: Sequence[Task], workers: int
) -> Iterator[tuple[Task, Drive]]:
    """Every task with its drive, as they end."""
    if workers == 1:
        yield from ((task, _drive(open_game, drivers[task[0]], task[1], unstuck)) for task in tasks)
        return
    luggage = (open_game, drivers, unstuck)
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_unpack, initargs=luggage) as pool:
        futures = {pool.submit(_drive_here, task): task for task in tasks}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _drive(open_game: OpenGame, driver: Driver, seed: int, unstuck: Unstuck) -> Drive:
    game = open_game(seed)
    try:
        return drive(game, driver, seed, unstuck)
    finally:
        game.close()


_luggage: tuple[OpenGame, Mapping[str, Driver], Unstuck] | None = None  # of a worker process: networks are built once


def _unpack(*luggage: Any) -> None:
    global _luggage
    _luggage = luggage


def _drive_here(task: Task) -> Drive:
    assert _luggage is not None
    open_game, drivers, unstuck = _luggage
    return _drive(open_game, drivers[task[0]], task[1], unstuck)
