"""`charles recordings cut`, `merge`, `drop`: new recordings made of others, which stay as they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charles.base.progress import bar
from charles.cli.recording_views import New, Source, new_place, opened
from charles.cli.run_command import clear_errors

if TYPE_CHECKING:
    from charles.recordings.format.reader import Recording
    from charles.recordings.inspect.tick_spans import TickSpan


def cut(
    recording: Source,
    new: New,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="From then on: 2026-01-31T12:00:00 (UTC), +1m30s, 10m ago."),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="The same: before then.")] = None,
    collector: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only what headers say is this collector's; again for more."),
    ] = None,
    topic: Annotated[list[str] | None, typer.Option(metavar="TOPIC", help="Only this topic; again for more.")] = None,
) -> None:
    """Make a recording of a part of one. Its records stay as they are, offsets included.

    +1m30s is a minute and a half from the recording's beginning. With --collector records that name nobody, such as
    training steps, are left out.

    Example: charles recordings cut monday first-minute --until +1m
    """
    with clear_errors():
        from charles.recordings.edit import cut as cutting
        from charles.recordings.inspect import tick_spans

        source, folder = opened(recording), new_place(new)
        part = cutting.CutPart(
            None if since is None else tick_spans.moment(since, source),
            None if until is None else tick_spans.moment(until, source),
            frozenset(collector) if collector else None,
            topic or None,
        )
        with bar(f"cutting {source.folder}", "records") as progress:
            cutting.cut(source, folder, part, progress)
        _tell(folder)


def merge(
    recordings: Annotated[
        list[Path], typer.Argument(metavar="DIR... NEW", help="Recordings, then the new folder for what is made.")
    ],
) -> None:
    """Make one recording of several.

    What is of one log keeps its offsets; where recordings cannot be, records are put in the order in which they were
    recorded, and numbered anew, which the manifest notes. A tick that two of them hold is kept once; one that is not
    the same in both is an error.

    Example: charles recordings merge monday tuesday both
    """
    if len(recordings) < 3:
        raise typer.BadParameter("name two recordings or more, and then the new one", param_hint="DIR... NEW")
    with clear_errors():
        from charles.recordings.edit import merge as merging

        *given, new = recordings
        sources, folder = [opened(each) for each in given], new_place(new)
        with bar(f"merging {len(sources)} recordings", "records") as progress:
            repeats = merging.merge(sources, folder, progress)
        if repeats:
            typer.echo(f"{repeats:,} records were in several of them, and are kept once")
        _tell(folder)


def drop(
    recording: Source,
    new: New,
    span: Annotated[
        list[str] | None,
        typer.Option(metavar="COLLECTOR/RUN:FIRST-LAST", help="Ticks to leave out, both included; again for more."),
    ] = None,
    unstuck: Annotated[
        bool, typer.Option("--unstuck", help="Leave out the ends of runs in which the car got stuck.")
    ] = False,
    before: Annotated[
        str, typer.Option(metavar="DURATION", help="With --unstuck: so much before it stayed, too: 3s, 500ms, 1m30s.")
    ] = "3s",
) -> None:
    """Make a recording of one without bad stretches: of every topic, the records that headers say are of these ticks.

    --unstuck: where a car stayed within 2 m (unstuck.distance of the recorded configuration) for the last half second
    of a run, and its collector went on with another one. A sample goes where its own tick goes; the history of a later
    one still tells what was driven.

    Example: charles recordings drop monday clean --unstuck --before 3s
    """
    if not span and not unstuck:
        raise typer.BadParameter("say what to leave out: --span, or --unstuck", param_hint="--span")
    with clear_errors():
        from charles.recordings.edit import drop as dropping
        from charles.recordings.inspect import tick_spans

        source, folder = opened(recording), new_place(new)
        spans = [tick_spans.TickSpan.parse(text) for text in span or ()]
        if unstuck:
            spans += _stuck(source, tick_spans.length(before))
        with bar(f"copying {source.folder}", "records") as progress:
            dropped = dropping.drop(source, folder, spans, progress)
        typer.echo(f"{dropped:,} records are left out")
        _tell(folder)


def _stuck(source: Recording, before_s: float) -> list[TickSpan]:
    from charles.recordings.edit.stuck_ends import stuck
    from charles.recordings.inspect import recorded_config

    with bar(f"looking through {source.folder}", "records") as progress:
        spans = stuck(source, recorded_config.newest(source.manifest)[1].unstuck, before_s, progress)
    typer.echo(f"{len(spans)} runs end with a car that is stuck")
    for span in spans:
        typer.echo(f"  {span}")
    return spans


def _tell(folder: Path) -> None:
    """What was made."""
    from charles.recordings.format.reader import Recording

    made = Recording.open(folder)
    records = sum(each.records for each in made.lengths.values())
    typer.echo(f"{folder} is made: {records:,} records of {', '.join(made.topics)}; digest {made.digest}")
