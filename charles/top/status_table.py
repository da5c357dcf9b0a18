"""The table of `charles status`: everything that a program says of itself."""

from __future__ import annotations

from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from charles.base.sizes import size
from charles.control.members import Member
from charles.top.program_table import in_use, note, rate, state, trouble

_Row = dict[str, str | Text]
"""A cell for each column."""

_WIDE_CHARACTERS = 150
_LEFT_COLUMNS = ("program", "state", "host", "version", "model")


def status_table(members: list[Member], at: datetime, width: int, patience_s: float) -> RenderableType:
    """One row per program; what it says in words stands below where there is no room beside. patience_s: as condition()
    wants it."""
    rows = [_row(member, at, patience_s) for member in members]
    words: list[_Row] = [{"note": _note(member, at), "last command": _outcome(member)} for member in members]
    if width >= _WIDE_CHARACTERS:
        return _table([row | told for row, told in zip(rows, words, strict=True)])
    if width < 100:
        for row in rows:
            for column in ("host", "pid", "version"):
                del row[column]
    told = [{"program": row["program"], **said} for row, said in zip(rows, words, strict=True)]
    return Group(_table(rows), "", _table(told))


def _row(member: Member, at: datetime, patience_s: float) -> _Row:
    status = member.status
    return {
        "program": status.instance,
        "state": state(member, at, patience_s),
        "host": status.host,
        "pid": str(status.pid),
        "version": status.version,
        "rate": rate(status),
        "lag": f"{status.lag:,}" if status.lag >= 0 else "",
        "memory": size(status.memory),
        "epoch": str(status.epoch) if status.epoch >= 0 else "",
        "model": in_use(status),
        "age": f"{member.silent_s(at):.1f} s",
    }


def _note(member: Member, at: datetime) -> Text:
    wrong, said = trouble(member, at), note(member.status)
    return Text.assemble((wrong, "bold red"), "; " if wrong and said else "", said)


def _outcome(member: Member) -> str:
    status = member.status
    return f"{status.command}: {status.outcome}" if status.command else ""


def _table(rows: list[_Row]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in rows[0] if rows else ():
        in_words = column in ("note", "last command")
        table.add_column(
            column, justify="left" if in_words or column in _LEFT_COLUMNS else "right", no_wrap=not in_words
        )
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row.values()))
    return table
