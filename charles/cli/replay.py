"""`charles replay`: what was recorded, back into topics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charles.cli.run_command import clear_errors, load_settings, main_of, metrics_offered

if TYPE_CHECKING:
    from charles.recordings.replay_outcome import ReplayOutcome
    from charles.settings import Settings

_ALL = "all"


def replay_command(
    recording: Annotated[Path, typer.Argument(metavar="DIR", help="A recording, or its name in recordings.folder.")],
    prefix: Annotated[
        str | None, typer.Option(help="Of the topics it goes to.", show_default="the recorded one, and -replay")
    ] = None,
    topics: Annotated[
        str | None,
        typer.Option(
            help="Of frames, controls, balanced, training, driving, such as frames,controls.",
            show_default="all that are recorded",
        ),
    ] = None,
    collectors: Annotated[
        str | None, typer.Option(help="Only what these drove, such as collector-1,collector-2.", show_default=_ALL)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="From this recorded time on: 2026-01-31T20:05:00Z, +90s from the recording's start, or 10m ago.",
            show_default="its start",
        ),
    ] = None,
    until: Annotated[str | None, typer.Option(help="Before this recorded time.", show_default="its end")] = None,
    speed: Annotated[
        str | None,
        typer.Option(help="Times the recorded pace, such as 2.5; max: as fast as the broker takes.", show_default="1"),
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Again and again, each time as other runs.")] = False,
    new_run: Annotated[
        bool, typer.Option("--new-run", help="As other runs: a suffix to every run, in values and headers.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the same replay was stopped or killed.")
    ] = False,
    timestamps: Annotated[
        str | None, typer.Option(help="keep: the recorded ones; now: those of the writing.", show_default="keep")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was replayed as JSON.")] = False,
) -> None:
    """Put what was recorded back into topics, in the recorded order and at the recorded pace.

    Everything is as it was recorded: keys, values, headers, partitions, timestamps. Topics that are missing are made.
    On a terminal space pauses, right and left seek 10 s (back with --new-run only), q stops; `charles command replayer
    pause`, resume and stop work too, under the prefix that is written. Where a balancer shall do the balancing anew,
    leave the recorded one out: --topics frames,controls. Configuration, commands, heartbeats, checkpoints, dead letters
    and the balancer's state are never replayed.

    Example: charles replay monday --speed 2.5 --since +90s
    """
    with clear_errors():
        from charles.base import logs

        given = {
            "recording": recording,
            "prefix": prefix,
            "topics": _listed(topics),
            "collectors": _listed(collectors),
            "since": since,
            "until": until,
            "speed": speed,
            "loop": loop or None,
            "new_run": new_run or None,
            "resume": resume or None,
            "timestamps": timestamps,
        }
        settings = load_settings(replayer=given)
        logs.set_up(settings.logs, settings.redactor, "replayer", settings.replayer.name)
        with metrics_offered(settings, "replayer"):
            outcome: ReplayOutcome = main_of("replay")(settings)
        if as_json:
            _print_json(outcome)
        else:
            _print(settings, outcome)
        if outcome.undelivered or outcome.surplus is None or outcome.surplus:
            raise typer.Exit(1)


def _listed(names: str | None) -> list[str] | None:
    return None if names is None else [name for name in names.split(",") if name]


def _print_json(outcome: ReplayOutcome) -> None:
    import json
    from dataclasses import asdict

    typer.echo(json.dumps(asdict(outcome), indent=2))


def _print(settings: Settings, outcome: ReplayOutcome) -> None:
    from charles.base.sizes import size
    from charles.base.time_format import iso

    by_topic = ", ".join(f"{topic} {count:,}" for topic, count in outcome.records.items()) or "no records"
    typer.echo(
        f"replayed into {outcome.prefix}.* at {settings.kafka.bootstrap_servers}: {by_topic}; "
        f"{size(outcome.bytes)}, {outcome.late:,} late"
    )
    if outcome.unread:
        typer.secho(
            f"{outcome.unread:,} values cannot be read: only their headers have the new run", fg="yellow", err=True
        )
    if outcome.undelivered:
        typer.secho(f"{outcome.undelivered:,} records were not acknowledged before the end", fg="red", err=True)
    if outcome.surplus is None:
        typer.secho(
            f"the broker is away, so nobody can tell whether {outcome.prefix}.* has records twice", fg="red", err=True
        )
    for topic, count in (outcome.surplus or {}).items():
        typer.secho(
            f"{outcome.prefix}.{topic} has {count:,} records more than were sent: the broker was away, and some of "
            "what was on its way then stands twice, unless somebody else wrote there; replay it to another --prefix",
            fg="red",
            err=True,
        )
    if not outcome.complete:
        goes_on = f"--since {iso(outcome.position_ms)}" if settings.replayer.new_run else "--resume"
        typer.echo(f"stopped at {iso(outcome.position_ms)}; with {goes_on} the same command goes on from there")
