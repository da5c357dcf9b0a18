"""The live view: everything on one screen, whatever its size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from charles.roll import WELL, Incident, Member
from charles.top import account, learning
from charles.top.programs import in_use, note, programs_table, shown, state, trouble
from charles.top.watching import Sight, Watch

_WIDE = 120
_NEWS = 3


def view(watch: Watch, *, head: RenderableType | None = None, news: Sequence[str] = ()) -> RenderableType:
    """The pipeline at this moment. head: stands above all; news: what else a person should know, the newest last.

    It fits itself into the terminal's width and height.
    """
    return _View(watch.sight(), head, tuple(news))


def ledger_line(watch: Watch) -> Text:
    """The accounting identity with its numbers."""
    return account.identity(watch.sight().ledgers)


def plain_line(watch: Watch) -> str:
    """One line, for those who read a log."""
    sight = watch.sight()
    members = shown(sight.members, sight.at)
    parts = [f"{datetime.now():%H:%M:%S}"]
    if sight.away_s:
        parts.append(f"the broker does not answer since {sight.away_s:.0f} s")
    parts += [words for member in members if (words := _plain(member, sight.at))]
    parts += [f"sets: {words}" for words in learning.sets(sight).values()]
    return " | ".join(parts) if len(parts) > 1 else f"{parts[0]} | no program runs"


@dataclass(frozen=True)
class _View:
    """Draws itself as large as the console that asks."""

    sight: Sight
    head: RenderableType | None
    news: tuple[str, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = options.max_width, options.height or console.size.height
        members = shown(self.sight.members, self.sight.at)
        wide = width >= _WIDE
        high = height >= len(members) + (22 if wide else 26)
        inner = width - 4 if high else width
        top = [self.head] if self.head is not None else []
        programs: RenderableType = programs_table(members, self.sight.at, inner)
        if not members:
            programs = Text("no program runs: `charles demo` starts all of them", "dim")
        yield Group(*top, _title(self.sight))
        yield _section(programs, "programs", high)
        if wide:
            yield _side_by_side(self.sight, width, high)
        else:
            yield _section(learning.learning(self.sight, inner, 2 if high else 1), "learning", high)
            ledgers = self.sight.ledgers
            told: list[RenderableType] = [account.identity(ledgers)]
            yield _section(Group(*told, account.bar(ledgers, inner)) if high else told[0], _LEDGER, high)
        happened = _happened(self.sight.incidents, self.news)
        if happened:
            yield _section(Text("\n").join(happened), "what happened", high, "yellow")


_LEDGER = "where every tick went"


def _title(sight: Sight) -> RenderableType:
    broker = Text("● answers", "green")
    if sight.away_s:
        broker = Text(f"● the broker does not answer since {sight.away_s:.0f} s", "bold red")
    line = Table.grid(expand=True, padding=(0, 1, 0, 0))
    line.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
    line.add_column(no_wrap=True, justify="right")
    line.add_row(Text(f"{sight.cluster} ", "bold") + broker, Text(f"{datetime.now():%H:%M:%S}", "dim"))
    return line


def _side_by_side(sight: Sight, width: int, high: bool) -> RenderableType:
    left, right = width - width // 3, width // 3
    rows = 5 if high else 1
    grid = Table.grid(expand=True)
    grid.add_column(width=left)
    grid.add_column(width=right)
    if not high:
        grid.add_row(
            _section(learning.learning(sight, left, rows), "learning", high),
            _section(account.identity(sight.ledgers), _LEDGER, high),
        )
        return grid
    grid.add_row(
        _section(learning.learning(sight, left - 4, rows), "learning", high, tall=12),
        _section(account.table(sight.ledgers, right - 4), _LEDGER, high, tall=12),
    )
    return grid


def _section(
    body: RenderableType, title: str, high: bool, style: str = "dim", *, tall: int | None = None
) -> RenderableType:
    if high:
        return Panel(body, title=title, title_align="left", border_style=style, height=tall)
    return Group(Rule(Text(title, style), align="left", style=style), body)


def _happened(incidents: list[Incident], news: Sequence[str]) -> list[Text]:
    told = [
        Text(f"{incident.time.astimezone():%H:%M:%S} ", "dim")
        + Text(f"{incident.instance} {incident.state}", "bold red" if incident.state != "restarted" else "yellow")
        + Text(f": {incident.words}" if incident.words else "")
        for incident in incidents[-_NEWS:]
    ]
    return [*told, *(Text(line, "yellow") for line in news[-_NEWS:])]


def _plain(member: Member, at: datetime) -> str:
    status = member.status
    if member.condition(at) != WELL or status.state != "running":
        return " ".join(filter(None, (status.instance, state(member, at).plain.removeprefix("● "), note(status))))
    if trouble(member, at):
        return f"{status.instance}: {trouble(member, at)}"
    if status.program == "trainer":
        buffers = " ".join(f"{output}: {learning.buffer(status, output)}" for output in learning.outputs(status))
        return f"{status.instance} batch number: {status.batch} {buffers} {learning.loss(status)}"
    driven = f" {status.figures['distance_m']:.0f} m" if "distance_m" in status.figures else ""
    return f"{status.instance} {status.rate:.1f}/s {in_use(status)}{driven}".rstrip()
