"""`charles status`: the state of every program, for people, for scripts and as a health check."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charles.cli.printing import say, table_console
from charles.cli.run_command import clear_errors, load_settings

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import RenderableType

    from charles.base.shutdown import Stop
    from charles.control.members import Member
    from charles.control.status_topic import StatusTopic

_FRESH_S = 5.0
_LATELY_S = 60.0


def status_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; with --watch, one line per second.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Refresh until Ctrl-C.")] = False,
    only_self: Annotated[bool, typer.Option("--self", help="Check only the programs on this host.")] = False,
) -> None:
    """Show every program that reported within the last minute, except those that stopped normally.

    Exit code 0 if all are well, 1 if one has been silent for 5 s (30 s while starting), failed or died. --self is a
    health check for a container or a machine: exit code 0 if at least one program runs on this host and all of them are
    well; otherwise it prints why not and exits with 1.

    Example: charles status --json
    """
    with clear_errors():
        from charles.control.status_topic import StatusTopic
        from charles.kafka.clients import require_broker

        kafka = load_settings().kafka
        require_broker(kafka, 3.0)
        with StatusTopic(kafka) as heartbeats:
            heartbeats.catch_up(5.0)
            if watch:
                _watch(heartbeats, as_json)
            elif only_self:
                _check_self(heartbeats)
            else:
                _show_once(heartbeats, as_json)


def problem(member: Member, at: datetime) -> str:
    """Why a program is not well; nothing when it is."""
    from charles.base.time_format import short
    from charles.control.members import SILENT, WELL

    condition, status = member.condition(at, _FRESH_S), member.status
    if condition == WELL:
        return ""
    if condition == SILENT:
        return f"{status.instance} has been silent for {short(round(member.silent_s(at)))}"
    return f"{status.instance} {condition}" + (f": {status.note}" if status.note else "")


def facts(member: Member, at: datetime) -> dict[str, Any]:
    """All fields of one program, for JSON."""
    from dataclasses import asdict

    from charles.control.members import WELL

    told = asdict(member.status) | {"time": member.status.time.isoformat()}
    return told | {"age_s": round(member.silent_s(at), 1), "well": member.condition(at, _FRESH_S) == WELL}


def _members(heartbeats: StatusTopic) -> list[Member]:
    from charles.top.program_table import shown

    members = shown(heartbeats.members, heartbeats.at)
    return [m for m in members if m.silent_s(heartbeats.at) < _LATELY_S and m.status.state != "stopped"]


def _show_once(heartbeats: StatusTopic, as_json: bool) -> None:

    if as_json:
        say(json.dumps(_everything(heartbeats), indent=2))
    else:
        console = table_console()
        console.print(_table(heartbeats, console.width))
    if any(problem(member, heartbeats.at) for member in _members(heartbeats)):
        raise typer.Exit(1)


def _watch(heartbeats: StatusTopic, as_json: bool) -> None:
    from rich.live import Live

    from charles.base.shutdown import Stop
    from charles.base.terminal import TextConsole

    console, stop = TextConsole(), Stop()
    if as_json:
        while not stop():
            say(json.dumps(_everything(heartbeats)))
            _follow(heartbeats, stop)
        return
    with Live(console=console, screen=console.is_terminal, auto_refresh=False) as live:
        while not stop():
            live.update(_table(heartbeats, console.width), refresh=True)
            _follow(heartbeats, stop)


def _follow(heartbeats: StatusTopic, stop: Stop) -> None:
    """Read for a second, or until told to stop."""
    import time

    until = time.monotonic() + 1
    while not stop() and time.monotonic() < until:
        heartbeats.read(0.1)


def _everything(heartbeats: StatusTopic) -> dict[str, Any]:
    programs = [facts(member, heartbeats.at) for member in _members(heartbeats)]
    well = all(program["well"] for program in programs)
    return {"well": well, "broker_away_s": round(heartbeats.away_s, 1), "programs": programs}


def _table(heartbeats: StatusTopic, width: int) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from charles.base.time_format import short
    from charles.top.status_table import status_table

    members = _members(heartbeats)
    if heartbeats.away_s:
        away = f"the broker has not answered for {short(round(heartbeats.away_s))}; showing the last known state"
        return Group(Text(away, "red"), status_table(members, heartbeats.at, width, _FRESH_S))
    if not members:
        return Text("No program has reported within the last minute. Start all of them with `charles demo`.", "dim")
    return status_table(members, heartbeats.at, width, _FRESH_S)


def _check_self(heartbeats: StatusTopic) -> None:
    import socket

    host = socket.gethostname()
    members = [member for member in _members(heartbeats) if member.status.host == host]
    problems = [words for member in members if (words := problem(member, heartbeats.at))]
    if not members:
        problems = [f"no program on {host} has reported within the last minute"]
    if problems:
        raise RuntimeError("; ".join(problems))
    say(f"{', '.join(member.status.instance for member in members)}: well")
