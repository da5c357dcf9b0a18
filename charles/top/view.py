"""The live view: the whole pipeline on one screen of any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from charles.base.time_format import local_clock, short
from charles.control.members import WELL, Incident, Member
from charles.events import now
from charles.top import ledger_view, training_view
from charles.top.pipeline_view import PipelineSight, PipelineView
from charles.top.program_table import in_use, note, programs_table, shown, state, trouble

_WIDE_CHARACTERS = 120
_FRAME_WIDTH = 4
_NEWS_LINES = 3


class ViewSection(Protocol):
    """Draws a part of the screen; lines: how high its body shall be at least."""

    def __call__(self, title: str, body: RenderableType, style: str, lines: int | None = None, /) -> RenderableType: ...


def view(watch: PipelineView, *, head: RenderableType | None = None, news: Sequence[str] = ()) -> RenderableType:
    """The pipeline now. head: shown at the top; news: further messages, newest last.

    It adapts to the terminal's width and height.
    """
    return screen(watch.sight(), head, news)


def screen(sight: PipelineSight, head: RenderableType | None = None, news: Sequence[str] = ()) -> RenderableType:
    """As view(), of what was seen."""
    return _View(sight, head, tuple(news))


def plain_line(watch: PipelineView) -> str:
    """One line, for those who read a log."""
    return sentence(watch.sight())


def sentence(sight: PipelineSight) -> str:
    """As plain_line(), of what was seen."""
    members = shown(sight.members, sight.at)
    parts = [local_clock(now())]
    if sight.away_s:
        parts.append(f"the broker has not answered for {short(round(sight.away_s))}")
    parts += [words for member in members if (words := _plain(member, sight.at))]
    parts += [f"sets: {'; '.join(kinds)}" for kinds in training_view.sets(sight).values()]
    return " | ".join(parts) if len(parts) > 1 else f"{parts[0]} | no program is running"


@dataclass(frozen=True)
class _View:
    """Draws itself with frames where they fit, without them on a small terminal."""

    sight: PipelineSight
    head: RenderableType | None
    news: tuple[str, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = options.height or console.size.height
        options = options.update(height=None)
        framed = self._screen(console, options.max_width, _framed)
        fits = len(console.render_lines(framed, options)) <= height
        yield framed if fits else self._screen(console, options.max_width, _ruled)

    def _screen(self, console: Console, width: int, section: ViewSection) -> RenderableType:
        """Problems come first, because a screen that is too small is cut off at its end."""
        inner = width - _FRAME_WIDTH if section is _framed else width
        parts = [] if self.head is None else [self.head]
        parts += [_title(self.sight), section("programs", self._programs(inner), "dim")]
        happened = _happened(self.sight.incidents, self.news, one_line=section is _ruled)
        if happened:
            parts.append(section("incidents", Group(*happened), "yellow"))
        wide = width >= _WIDE_CHARACTERS
        return Group(*parts, *(self._wide(console, width, section) if wide else self._narrow(inner, section)))

    def _programs(self, width: int) -> RenderableType:
        members = shown(self.sight.members, self.sight.at)
        if not members:
            return Text("no program is running; start all of them with `charles demo`", "dim")
        return programs_table(members, self.sight.at, width)

    def _narrow(self, width: int, section: ViewSection) -> list[RenderableType]:
        ledgers, framed = self.sight.ledgers, section is _framed
        bar = [ledger_view.bar(ledgers, width)] if framed else []
        return [
            section("learning", training_view.learning(self.sight, width, 2 if framed else 1), "dim"),
            section("where every tick went", Group(*bar, ledger_view.identity(ledgers)), "dim"),
        ]

    def _wide(self, console: Console, width: int, section: ViewSection) -> list[RenderableType]:
        ledgers, framed = self.sight.ledgers, section is _framed
        right = width // 3
        left = width - right
        grid = Table.grid(expand=True, padding=0 if framed else (0, 1, 0, 0))
        grid.add_column(width=left)
        grid.add_column(width=right)
        learned = training_view.learning(self.sight, left - _FRAME_WIDTH, 4 if framed else 1)
        told = ledger_view.table(ledgers, right - _FRAME_WIDTH) if framed else ledger_view.identity(ledgers)
        lines = max(_lines(console, learned, left - _FRAME_WIDTH), _lines(console, told, right - _FRAME_WIDTH))
        grid.add_row(section("learning", learned, "dim", lines), section("where every tick went", told, "dim", lines))
        return [grid]


def _framed(title: str, body: RenderableType, style: str, lines: int | None = None) -> RenderableType:
    return Panel(body, title=title, title_align="left", border_style=style, height=lines and lines + 2)


def _ruled(title: str, body: RenderableType, style: str, _lines: int | None = None) -> RenderableType:
    return Group(Rule(Text(title, style), align="left", style=style), body)


def _lines(console: Console, body: RenderableType, width: int) -> int:
    return len(console.render_lines(body, console.options.update(width=width, height=None)))


def _title(sight: PipelineSight) -> RenderableType:
    broker = Text("● answers", "green")
    if sight.away_s:
        broker = Text(f"● the broker has not answered for {short(round(sight.away_s))}", "bold red")
    line = Table.grid(expand=True, padding=(0, 1, 0, 0))
    line.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
    line.add_column(no_wrap=True, justify="right")
    line.add_row(Text(f"{sight.cluster} ", "bold") + broker, Text(local_clock(now()), "dim"))
    return line


def _happened(incidents: list[Incident], news: Sequence[str], *, one_line: bool) -> list[Text]:
    told = [
        Text.assemble(
            (f"{local_clock(incident.time)} ", "dim"),
            (f"{incident.instance} {incident.state}", "yellow" if incident.state == "restarted" else "bold red"),
            f": {incident.words}" if incident.words else "",
            no_wrap=one_line,
            overflow="ellipsis",
        )
        for incident in incidents[-_NEWS_LINES:]
    ]
    return [*told, *(Text(line, "yellow", no_wrap=one_line, overflow="ellipsis") for line in news[-_NEWS_LINES:])]


def _plain(member: Member, at: datetime) -> str:
    status = member.status
    if member.condition(at) != WELL or status.state != "running":
        return " ".join(filter(None, (status.instance, state(member, at).plain.removeprefix("● "), note(status))))
    if trouble(member, at):
        return f"{status.instance}: {trouble(member, at)}"
    if status.program == "trainer":
        buffers = " ".join(
            f"{output}: {training_view.buffer(status, output)}" for output in training_view.outputs(status)
        )
        return f"{status.instance} batch number: {status.batch} {buffers} {training_view.loss(status)}"
    driven = f" {status.figures['distance_m']:.0f} m" if "distance_m" in status.figures else ""
    return f"{status.instance} {status.rate:.1f}/s {in_use(status)}{driven}".rstrip()
