"""The table of programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from rich.table import Table
from rich.text import Text

from charles.base.sizes import size
from charles.base.time_format import short
from charles.control.members import ENDED, SILENT, SILENT_S, WELL, Member
from charles.events import Status
from charles.programs import BY_HAND, NAMES

_STOPPED_STAY_S = 10.0
_OTHERS_STAY_S = 600.0
_LONGEST_NAME_CHARACTERS = 14
_STYLES = {"running": "green", "stopped": "dim", "failed": "bold red", "died": "bold red"}
_ORDER = {name: index for index, name in enumerate((*NAMES, *BY_HAND))}


def shown(members: Iterable[Member], at: datetime) -> list[Member]:
    """The members to show, in the order of the pipeline; normally stopped ones disappear after a while."""

    def stays(member: Member) -> bool:
        stay_s = _STOPPED_STAY_S if member.status.state == "stopped" else _OTHERS_STAY_S
        return member.silent_s(at) < stay_s

    def place(member: Member) -> tuple[int, str]:
        return _ORDER.get(member.status.program, len(_ORDER)), member.status.instance

    return sorted(filter(stays, members), key=place)


def programs_table(members: list[Member], at: datetime, width: int) -> Table:
    """One row per program, with as many columns as there is room for."""
    wide, widest = width >= 110, width >= 140
    table = Table(box=None, expand=True, pad_edge=False, header_style="dim", padding=(0, 2 if wide else 1, 0, 0))
    table.add_column("program", no_wrap=True, max_width=None if wide else _LONGEST_NAME_CHARACTERS)
    table.add_column("state", no_wrap=True)
    figures = ["rate", "lag", "memory", "epoch", *(["model"] if wide else []), *(["pid", "host"] if widest else [])]
    for column in figures:
        table.add_column(column, justify="left" if column in ("model", "host") else "right", no_wrap=True)
    table.add_column("", ratio=1, no_wrap=True, overflow="ellipsis")
    newest = max((member.status.epoch for member in members), default=-1)
    usual = _usual_version(members)
    for member in members:
        status = member.status
        cells: dict[str, str | Text] = {
            "rate": rate(status),
            "lag": f"{status.lag:,}" if status.lag >= 0 else "",
            "memory": size(status.memory),
            "epoch": Text(str(status.epoch) if status.epoch >= 0 else "", "yellow" if status.epoch < newest else ""),
            "model": in_use(status),
            "pid": str(status.pid),
            "host": status.host,
        }
        alive = member.condition(at) == WELL
        row = [cells[column] if alive or column in ("pid", "host") else "" for column in figures]
        plain = (cell if isinstance(cell, Text) else Text(cell) for cell in (status.instance, state(member, at), *row))
        table.add_row(*plain, _remark(member, at, usual))
    return table


def state(member: Member, at: datetime, patience_s: float = SILENT_S) -> Text:
    """Its state, or for how long it has been silent."""
    condition = member.condition(at, patience_s)
    if condition == SILENT:
        return Text(f"● silent {short(round(member.silent_s(at)))}", "bold red")
    return Text(f"● {member.status.state}", _STYLES.get(member.status.state, "yellow"))


def in_use(status: Status) -> str:
    """The model and batch that it trains or drives with."""
    return f"{status.model}@{status.batch}" if status.batch >= 0 else status.model


def rate(status: Status) -> str:
    """Its rate per second; a supervisor has none."""
    return f"{status.rate:.1f}/s" if status.program in _ORDER else ""


def trouble(member: Member, at: datetime) -> str:
    """Problems of an instance that still sends heartbeats."""
    rivals = member.rivals(at)
    names = ", ".join(f"{pid} on {host}" for host, pid in rivals)
    broken = int(member.status.figures.get("broken_ledgers", 0))
    return "; ".join(
        filter(
            None,
            (
                f"{len(rivals)} processes run under this name: {names}" if rivals else "",
                f"{broken} LEDGERS DO NOT ADD UP: charles ledger" if broken else "",
            ),
        )
    )


def note(status: Status) -> str:
    """Its note; for a collector, its figures."""
    names = ("late", "dropped", "runs", "crashes")
    return status.note or "  ".join(f"{name} {status.figures[name]:.0f}" for name in names if name in status.figures)


def _remark(member: Member, at: datetime, usual: str) -> Text:
    problem = trouble(member, at)
    if problem:
        return Text(problem, "bold red")
    status = member.status
    said = Text(note(status), "red" if status.state in ENDED[1:] else "")
    return said if status.version == usual else Text(f"version {status.version}, others {usual}  ", "yellow") + said


def _usual_version(members: list[Member]) -> str:
    versions = Counter(member.status.version for member in members)
    return versions.most_common(1)[0][0] if versions else ""
