"""The state of training: buffers, loss and checkpoints."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from charles.base.time_format import local_clock, short
from charles.control.members import ENDED
from charles.events import DeadLetter, Status
from charles.top.charts import chart
from charles.top.pipeline_view import PipelineSight
from charles.top.set_rate import held_up, sets_by_kind

_BUFFER = "buffer_"
_CAPACITY = "buffer_capacity"
_LETTERS = "dead letters"
_FIGURES_WIDTH = 16
"""Characters of the column with a trainer's figures, and of the gaps on both of its sides."""


def learning(sight: PipelineSight, width: int, rows: int) -> RenderableType:
    """width: characters; rows: how high the loss is drawn; 1: everything shall take one line."""
    statuses = _alive(sight)
    trainers = [status for status in statuses if status.program == "trainer" and _CAPACITY in status.figures]
    label = max((len(output) for trainer in trainers for output in outputs(trainer)), default=len(_LETTERS))
    drawn, told = _grid(label, 3), _grid(label, 2)
    for trainer in trainers:
        _draw(drawn, trainer, sight.losses.get(trainer.model, []), (width - label - _FIGURES_WIDTH, rows))
        told.add_row("checkpoint", Text(road(trainer, statuses), no_wrap=True, overflow="ellipsis"))
    for instance, kinds in sets(sight).items():
        label_of = "sets" if len(sets(sight)) == 1 else instance
        for number, words in enumerate(["; ".join(kinds)] if rows == 1 else kinds):
            told.add_row(Text("" if number else label_of), Text(words, no_wrap=rows == 1, overflow="ellipsis"))
    if sight.dead_letters:
        told.add_row(Text(_LETTERS, "yellow"), _dead_letters(sight.dead_letters))
    return Group(drawn if trainers else Text("no trainer is running", "dim"), told)


def outputs(trainer: Status) -> list[str]:
    """What its model predicts."""
    return sorted(
        name.removeprefix(_BUFFER) for name in trainer.figures if name.startswith(_BUFFER) and name != _CAPACITY
    )


def buffer(trainer: Status, output: str) -> str:
    return f"{trainer.figures.get(_BUFFER + output, 0):.0f}/{trainer.figures.get(_CAPACITY, 0):.0f}"


def loss(trainer: Status) -> str:
    return f"loss {trainer.figures['loss']:.4f}" if "loss" in trainer.figures else "no batches yet"


def road(trainer: Status, statuses: list[Status]) -> str:
    """The newest checkpoint, and who drives with which."""
    newest = trainer.figures.get("checkpoint", -1)
    words = [f"{newest:.0f} published" if newest >= 0 else "no checkpoint yet"]
    for player in statuses:
        if player.program == "player" and player.model == trainer.model and player.batch >= 0:
            age = f" ({short(round(player.figures['age_s']))} old)" if "age_s" in player.figures else ""
            words.append(f"{player.instance} drives with {player.batch}{age}")
    return ", ".join(words)


def sets(sight: PipelineSight) -> dict[str, list[str]]:
    """By balancer, for each kind of set: how long one takes, and which bin holds it up."""
    found = {}
    for status in _alive(sight):
        paces = sight.pace.get(status.instance, {})
        told = {kind: filter(None, (paces.get(kind, ""), held_up(status, kind))) for kind in sets_by_kind(status)}
        words = [f"{kind}: {phrase}" for kind, parts in told.items() if (phrase := ", ".join(parts))]
        if words:
            found[status.instance] = words
    return found


def _alive(sight: PipelineSight) -> list[Status]:
    return [member.status for member in sight.members if member.status.state not in ENDED]


def _grid(label: int, columns: int) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(no_wrap=True, min_width=label)
    grid.add_column(ratio=1)
    if columns == 3:
        grid.add_column(no_wrap=True, min_width=_FIGURES_WIDTH - 4)
    return grid


def _draw(grid: Table, trainer: Status, losses: list[float], size: tuple[int, int]) -> None:
    for output in outputs(trainer):
        have, capacity = trainer.figures[_BUFFER + output], trainer.figures[_CAPACITY]
        grid.add_row(
            output,
            ProgressBar(total=capacity, completed=have, complete_style="cyan", finished_style="green"),
            buffer(trainer, output),
        )
    rows = [Text(row, "cyan") for row in chart(losses, *size)]
    grid.add_row(f"batch {max(trainer.batch, 0):,}", Group(*rows) if rows else "", loss(trainer))


def _dead_letters(letters: list[DeadLetter]) -> Text:
    newest = letters[-1]
    topic = newest.topic.rpartition(".")[2]
    words = f"{len(letters)}, the last at {local_clock(newest.time)} in {topic}: {newest.reason}"
    return Text(words, "yellow", no_wrap=True, overflow="ellipsis")
