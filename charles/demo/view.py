"""The demo's live table."""

from __future__ import annotations

from itertools import pairwise

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from charles.demo.watching import Watch
from charles.events import Status, now
from charles.ledger import total
from charles.outputs import OUTPUTS
from charles.supervisor import Child

_SILENT_S = 5.0
_SPARKS = "▁▂▃▄▅▆▇█"
_SPARKLINE = 40
_STATES = {"running": "green", "waiting": "yellow", "starting": "yellow", "stopped": "dim", "failed": "bold red"}


def live_view(
    watch: Watch, children: list[Child], news: list[str], elapsed_s: float, total_s: float, broker: str
) -> RenderableType:
    """Everything on one screen."""
    parts: list[RenderableType] = [
        _clock(elapsed_s, total_s),
        _programs(watch, children, broker),
        Panel(_learning(watch), title="learning", title_align="left"),
        Panel(ledger_line(watch), title="where every tick went", title_align="left"),
    ]
    if news:
        parts.append(Panel("\n".join(news[-3:]), title="news", title_align="left", style="yellow"))
    return Group(*parts)


def plain_line(watch: Watch, elapsed_s: float) -> str:
    """One line, for those who read a log."""
    trainer = _of(watch, "trainer")
    player = _of(watch, "player")
    parts = [f"{int(elapsed_s) // 60:2d}:{int(elapsed_s) % 60:02d}"]
    parts += [f"{s.instance} {s.rate:.1f}/s" for s in watch.status.values() if s.program == "collector"]
    if trainer:
        buffers = [f"{output}: {_buffer(trainer, output)}" for output in OUTPUTS]
        loss = f" loss: {trainer.figures['loss']:.4f}" if "loss" in trainer.figures else ""
        parts.append(f"{' '.join(buffers)} batch number: {trainer.batch}{loss}")
    if player:
        parts.append(f"player: {player.note} {player.figures.get('distance_m', 0):.0f} m")
    return " | ".join(parts)


def ledger_line(watch: Watch) -> Text:
    """The identity with its numbers."""
    totals = total(list(watch.ledgers.values()))
    terms = " + ".join(f"{count:,} {term.replace('_', '-')}" for term, count in totals.terms.items() if count)
    adds_up = all(ledger.adds_up for ledger in watch.ledgers.values())
    verdict = Text(" adds up", "green") if adds_up else Text(" DOES NOT ADD UP", "bold red")
    if not totals.seen:
        return Text("no tick yet", "dim")
    return Text(f"{totals.seen:,} seen = {terms}") + verdict


def _clock(elapsed_s: float, total_s: float) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    left = max(total_s - elapsed_s, 0)
    grid.add_row(
        Text("Charles", "bold"),
        ProgressBar(total=total_s, completed=min(elapsed_s, total_s), width=40),
        Text(f"{int(left) // 60}:{int(left) % 60:02d} to go; Ctrl-C ends it", "dim"),
    )
    return grid


def _programs(watch: Watch, children: list[Child], broker: str) -> RenderableType:
    table = Table(expand=True)
    for column in ("program", "state"):
        table.add_column(column)
    for column in ("rate", "lag", "memory", "restarts"):
        table.add_column(column, justify="right")
    table.add_column("", ratio=1, no_wrap=True)
    table.add_row("broker", Text("running", "green"), "", "", "", "", broker)
    for child in children:
        table.add_row(*_row(child, watch.status.get(child.name)))
    return table


def _row(child: Child, status: Status | None) -> tuple[str | Text, ...]:
    restarts = str(child.restarts or "")
    if not child.running:
        return child.name, Text("ended", "bold red"), "", "", "", restarts, child.last_line()
    if status is None or status.pid != child.pid:
        return child.name, Text("starting", "yellow"), "", "", "", restarts, ""
    silent_s = (now() - status.time).total_seconds()
    state = Text(status.state, _STATES.get(status.state, "")) if silent_s < _SILENT_S else Text("silent", "red")
    lag = str(status.lag) if status.lag >= 0 else ""
    memory = f"{status.memory / (1 << 20):,.0f} MiB"
    return child.name, state, f"{status.rate:.1f}/s", lag, memory, restarts, status.note or _collected(status)


def _collected(status: Status) -> str:
    shown = ("late", "dropped", "runs", "crashes")
    return "  ".join(f"{name} {status.figures[name]:.0f}" for name in shown if name in status.figures)


def _learning(watch: Watch) -> RenderableType:
    trainer, player = _of(watch, "trainer"), _of(watch, "player")
    if trainer is None:
        return Text("the trainer is starting", "dim")
    grid = Table.grid(padding=(0, 2))
    for output in OUTPUTS:
        have, capacity = trainer.figures.get(f"buffer_{output}", 0), trainer.figures.get("buffer_capacity", 1)
        grid.add_row(output, ProgressBar(total=capacity, completed=have, width=30), _buffer(trainer, output))
    loss = f"loss {trainer.figures['loss']:.4f}" if "loss" in trainer.figures else "no batch yet"
    grid.add_row(f"batch {trainer.batch}", sparkline(list(watch.losses)), loss)
    road = f"checkpoint {trainer.figures.get('checkpoint', -1):.0f} published"
    if player and player.batch >= 0:
        road += f", {player.batch} drives ({player.figures.get('age_s', 0):.0f} s old)"
        grid.add_row("on the road", road, f"{player.figures.get('distance_m', 0):.0f} m in this run")
    return grid


def sparkline(values: list[float], width: int = _SPARKLINE) -> str:
    """The values as a row of bars, averaged into so many columns, from 0 to their highest."""
    if not values:
        return ""
    columns = min(width, len(values))
    edges = [round(index * len(values) / columns) for index in range(columns + 1)]
    means = [sum(values[low:high]) / (high - low) for low, high in pairwise(edges)]
    top = max(means) or 1.0
    return "".join(_SPARKS[min(int(mean / top * len(_SPARKS)), len(_SPARKS) - 1)] for mean in means)


def _buffer(trainer: Status, output: str) -> str:
    return f"{trainer.figures.get(f'buffer_{output}', 0):.0f}/{trainer.figures.get('buffer_capacity', 0):.0f}"


def _of(watch: Watch, program: str) -> Status | None:
    return next((status for status in watch.status.values() if status.program == program), None)
