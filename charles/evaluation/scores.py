"""Several drivers over the same unseen worlds, and how they compare. No Kafka."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from charles.config import Unstuck
from charles.evaluation.driving import Driver, EvaluationDrive
from charles.evaluation.workers import OpenGame, Task, drive_all, never

FIRST_UNSEEN_SEED = 1_000_000  # collectors' worlds have lower seeds (settings.Collect.seed)


@dataclass(frozen=True, slots=True)
class Scores:
    """drives: by driver, one per seed, in the order of the seeds. score: "distance" (metres) or "reward"."""

    game: str
    score: str
    drives: dict[str, list[EvaluationDrive]]

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
        what = "metres before the first crash or getting stuck" if self.score == "distance" else "reward per episode"
        table = Table(title=f"{self.game}: {what}, {seeds} unseen worlds", title_justify="left")
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
    workers: int = 0,
    finished: Callable[[str, EvaluationDrive], None] = lambda _name, _drive: None,
    stop: Callable[[], bool] = never,
) -> Scores:
    """Drive every driver through the world of every seed.

    workers: processes that drive at the same time, to which open_game and the drivers travel; 0: this one. finished:
    told of each drive. The scores do not depend on workers: a drive depends on nothing but its seed and weights.
    Raises Interrupted when stop says so.
    """
    tasks = [(name, seed) for seed in seeds for name in drivers]
    drives: dict[Task, EvaluationDrive] = {}
    for task, driven in drive_all(open_game, drivers, unstuck, tasks, workers, stop):
        drives[task] = driven
        finished(task[0], driven)
    probe = open_game(seeds[0])
    score = probe.episode.score
    probe.close()
    return Scores(game, score, {name: [drives[name, seed] for seed in seeds] for name in drivers})
