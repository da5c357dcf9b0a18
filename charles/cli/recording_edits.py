"""`charles recordings cut`, `merge`, `drop`: make new recordings from others, which are not changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charles.base.counted import counted
from charles.base.progress import bar
from charles.cli.printing import say
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
    until: Annotated[str | None, typer.Option(metavar="TIME", help="End, exclusive; same formats.")] = None,
    collector: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Keep only records of this collector, by their headers. Repeatable."),
    ] = None,
    topic: Annotated[list[str] | None, typer.Option(metavar="TOPIC", help="Keep only this topic. Repeatable.")] = None,
) -> None:
    """Make a recording from a part of another. Records and offsets are not changed.

    +1m30s is a minute and a half after the recording's start. With --collector, records without a collector, such as
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
        list[Path],
        typer.Argument(metavar="DIR... NEW", help="Recordings to merge, then the folder of the new recording."),
    ],
) -> None:
    """Merge several recordings into one.

    Records from one log keep their offsets. Records from different logs are put in the order in which they were
    recorded and renumbered, which the manifest notes. A tick in two recordings is kept once; it is an error if its
    records differ.

    Example: charles recordings merge monday tuesday both
    """
    if len(recordings) < 3:
        raise typer.BadParameter("name at least two recordings, and then the new one", param_hint="DIR... NEW")
    with clear_errors():
        from charles.recordings.edit import merge as merging

        *given, new = recordings
        sources, folder = [opened(each) for each in given], new_place(new)
        with bar(f"merging {len(sources)} recordings", "records") as progress:
            repeats = merging.merge(sources, folder, progress)
        if repeats:
            say(f"left out {counted(repeats, 'duplicate record')}")
        _tell(folder)


def drop(
    recording: Source,
    new: New,
    span: Annotated[
        list[str] | None,
        typer.Option(metavar="COLLECTOR/RUN:FIRST-LAST", help="Ticks to drop, both ends included. Repeatable."),
    ] = None,
    unstuck: Annotated[
        bool, typer.Option("--unstuck", help="Drop the end of each run in which the car got stuck.")
    ] = False,
    before: Annotated[
        str,
        typer.Option(
            metavar="DURATION",
            help="With --unstuck: also drop this much time before the car got stuck: 3s, 500ms, 1m30s.",
        ),
    ] = "3s",
) -> None:
    """Make a recording without bad spans. Drops the records of these ticks, by their headers, from every topic.

    --unstuck: a car got stuck if it stayed within 2 m (unstuck.distance of the recorded configuration) for the last
    half second of a run, and its collector then began another run. A sample is dropped with its own tick; the histories
    of later samples still include the dropped ticks.

    Example: charles recordings drop monday clean --unstuck --before 3s
    """
    if not span and not unstuck:
        raise typer.BadParameter("name what to drop: --span or --unstuck", param_hint="--span")
    with clear_errors():
        from charles.recordings.edit import drop as dropping
        from charles.recordings.inspect import tick_spans

        source, folder = opened(recording), new_place(new)
        spans = [tick_spans.TickSpan.parse(text) for text in span or ()]
        if unstuck:
            spans += _stuck(source, tick_spans.length(before))
        with bar(f"copying {source.folder}", "records") as progress:
            dropped = dropping.drop(source, folder, spans, progress)
        say(f"dropped {counted(dropped, 'record')}")
        _tell(folder)


def _stuck(source: Recording, before_s: float) -> list[TickSpan]:
    from charles.recordings.edit.stuck_ends import stuck
    from charles.recordings.inspect import recorded_config

    with bar(f"reading {source.folder}", "records") as progress:
        spans = stuck(source, recorded_config.newest(source.manifest)[1].unstuck, before_s, progress)
    say(f"the car got stuck at the end of {counted(len(spans), 'run')}")
    for span in spans:
        say(f"  {span}")
    return spans


def _tell(folder: Path) -> None:
    """Prints the new recording's facts."""
    from charles.recordings.format.reader import Recording

    made = Recording.open(folder)
    records = sum(each.records for each in made.lengths.values())
    say(f"created {folder}: {records:,} records of {', '.join(made.topics)}; digest {made.digest}")
