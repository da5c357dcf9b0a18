"""How far a long work has come: who does it tells a callback, and a bar on a terminal is one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

Item = TypeVar("Item")
Progress = Callable[[int, int], None]
"""Told how much is done, and how much there is."""
StepProgress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""

_ITEMS_A_CALL = 256


def no_progress(*_told: object) -> None:
    """Nobody watches; of either kind."""


class ProgressReporter:
    """Tells somebody now and then how far a work has come that goes over records. total: how many there are."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.total = total
        self._progress = progress
        self._done = 0

    def over(self, records: Iterable[Item]) -> Iterator[Item]:
        for record in records:
            yield record
            self._done += 1
            if self._done % _ITEMS_A_CALL == 0:
                self._progress(self._done, self.total)


@contextmanager
def step_bar(unit: str = "", console: Console | None = None) -> Iterator[StepProgress]:
    """A callback that shows one bar, of the present step, on a terminal while there is work; elsewhere nothing.

    It appears with the first call, so that short work, of which nothing is told, shows none. unit: of what is counted;
    nothing: it is shown as a percentage. console: the terminal, if it is one; None: standard error.
    """
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    from charles.base.terminal import TextConsole

    console = console or TextConsole(stderr=True)
    count = TextColumn("{task.percentage:.0f} %") if not unit else MofNCompleteColumn()
    columns: list[ProgressColumn] = [
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        count,
        TextColumn(unit),
    ]
    if unit == "bytes":
        columns[2:] = [DownloadColumn(binary_units=True)]
    columns.append(TimeRemainingColumn(elapsed_when_finished=True))
    shown = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    task = shown.add_task("", total=None)

    def show(doing: str, done: int, total: int) -> None:
        shown.start()
        shown.update(task, description=doing, completed=done, total=total)

    try:
        yield show
    finally:
        shown.stop()


@contextmanager
def bar(what: str, unit: str = "bytes") -> Iterator[Progress]:
    """As step_bar(), of one step."""
    with step_bar(unit) as show:
        yield lambda done, total: show(what, done, total)
