"""Where every tick went: the accounting identity, as a line, a bar and a table."""

from __future__ import annotations

from collections.abc import Collection

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from charles.events import RunLedger
from charles.ledger.tick_ledger import Totals, total
from charles.top.charts import shares

_STYLES = {
    "emitted": "green",
    "waiting": "cyan",
    "surplus": "blue",
    "warm_up": "bright_black",
    "unmatched": "yellow",
    "dead_lettered": "red",
    "missing": "bold red",
}


def identity(ledgers: Collection[RunLedger]) -> Text:
    """Whether the identity adds up, and its numbers."""
    totals = total([*ledgers])
    if not totals.seen:
        return Text("no ticks yet", "dim")
    terms = [Text(f"{count:,} {_word(term)}", _STYLES[term]) for term, count in totals.terms.items() if count]
    return Text.assemble(verdict(ledgers), f": {totals.seen:,} seen = ", Text(" + ").join(terms))


def bar(ledgers: Collection[RunLedger], width: int) -> Text:
    """Each term's share."""
    terms = total([*ledgers]).terms
    return shares([(terms[term], style) for term, style in _STYLES.items()], width)


def table(ledgers: Collection[RunLedger], width: int) -> RenderableType:
    """A line for each term."""
    totals = total([*ledgers])
    if not totals.seen:
        return Text("no ticks yet", "dim")
    grid = Table.grid(padding=(0, 2, 0, 0))
    for column in ("left", "right", "right"):
        grid.add_column(justify=column, no_wrap=True)
    for term, style in _STYLES.items():
        if totals.terms[term]:
            grid.add_row(Text(_word(term), style), f"{totals.terms[term]:,}", _share(totals, term))
    grid.add_row("seen", f"{totals.seen:,}", verdict(ledgers))
    return Group(bar(ledgers, width), grid)


def verdict(ledgers: Collection[RunLedger]) -> Text:
    if all(ledger.adds_up for ledger in ledgers):
        return Text("adds up", "green")
    return Text("DOES NOT ADD UP", "bold red")


def _share(totals: Totals, term: str) -> str:
    return f"{100 * totals.terms[term] / totals.seen:.1f} %"


def _word(term: str) -> str:
    return term.replace("_", "-")
