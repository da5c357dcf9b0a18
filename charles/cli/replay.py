"""`charles replay`: publishes a recording to topics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charles.cli.printing import say
from charles.cli.run_command import clear_errors, load_settings, main_of, metrics_offered

if TYPE_CHECKING:
    from charles.recordings.replay_outcome import ReplayOutcome
    from charles.settings import Settings

_ALL = "all"


def replay_command(
    recording: Annotated[
        Path, typer.Argument(metavar="DIR", help="Recording: a path, or a name in recordings.folder.")
    ],
    prefix: Annotated[
        str | None, typer.Option(help="Topic prefix to write to.", show_default="the recorded prefix plus -replay")
    ] = None,
    topics: Annotated[
        str | None,
        typer.Option(
            help="Topics to replay, of frames, controls, balanced, training, driving; such as frames,controls.",
            show_default="all that are recorded",
        ),
    ] = None,
    collectors: Annotated[
        str | None,
        typer.Option(help="Replay only these collectors, such as collector-1,collector-2.", show_default=_ALL),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Start at this recorded time: 2026-01-31T20:05:00Z, +90s after the recording's start, or 10m ago.",
            show_default="its start",
        ),
    ] = None,
    until: Annotated[str | None, typer.Option(help="End before this recorded time.", show_default="its end")] = None,
    speed: Annotated[
        str | None,
        typer.Option(
            help="Speed relative to the recorded pace, such as 2.5; max: as fast as the broker accepts.",
            show_default="1",
        ),
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Repeat without end, each pass under new run names.")] = False,
    new_run: Annotated[
        bool, typer.Option("--new-run", help="Rename the runs: append a suffix to every run in values and headers.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume the same replay where it was stopped or killed.")
    ] = False,
    timestamps: Annotated[
        str | None,
        typer.Option(help="Timestamps: keep (the recorded ones) or now (time of writing).", show_default="keep"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Publish a recording to topics, in the recorded order and at the recorded pace.

    Keys, values, headers, partitions and timestamps are replayed unchanged. Missing topics are created. On a terminal,
    space pauses, right and left seek by 10 s (left only with --new-run), and q stops. `charles command replayer pause`,
    resume and stop work too, with the prefix that is written to. To balance the data again, replay only --topics
    frames,controls. Configuration, commands, heartbeats, checkpoints, dead letters and the balancer's state are never
    replayed.

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

    say(json.dumps(asdict(outcome), indent=2))


def _print(settings: Settings, outcome: ReplayOutcome) -> None:
    from charles.base.sizes import size
    from charles.base.time_format import iso

    by_topic = ", ".join(f"{topic} {count:,}" for topic, count in outcome.records.items()) or "no records"
    say(
        f"replayed into {outcome.prefix}.* at {settings.kafka.bootstrap_servers}: {by_topic}; "
        f"{size(outcome.bytes)}, {outcome.late:,} late"
    )
    if outcome.unread:
        say(f"{outcome.unread:,} unreadable values: only their headers have the new run name", fg="yellow", err=True)
    if outcome.undelivered:
        say(f"{outcome.undelivered:,} records were not acknowledged", fg="red", err=True)
    if outcome.surplus is None:
        say(f"the broker is unreachable: cannot check {outcome.prefix}.* for duplicate records", fg="red", err=True)
    for topic, count in (outcome.surplus or {}).items():
        say(
            f"{outcome.prefix}.{topic} has {count:,} more records than were sent: either records were duplicated "
            f"while the broker was unreachable, or another program wrote there. Replay to another --prefix",
            fg="red",
            err=True,
        )
    if not outcome.complete:
        goes_on = f"--since {iso(outcome.position_ms)}" if settings.replayer.new_run else "--resume"
        say(f"stopped at {iso(outcome.position_ms)}; add {goes_on} to the same command to continue from there")
