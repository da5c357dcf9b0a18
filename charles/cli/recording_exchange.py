"""`charles recordings export` and `import`: recordings for other tools, and other data as recordings."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charles.cli.recording_views import Source, bar, opened
from charles.cli.running import clear_errors

if TYPE_CHECKING:
    from charles.recordings.recording import Recording


class Format(StrEnum):
    PARQUET = "parquet"
    JPEG = "jpeg"


def export(
    recording: Source,
    to: Annotated[Path, typer.Argument(metavar="TO", help="A new folder for the files.")],
    as_format: Annotated[
        Format,
        typer.Option(
            "--format",
            help="parquet: a table for each topic, an event's fields as columns; jpeg: COLLECTOR/RUN/TICK.jpg and "
            "labels.csv beside them.",
        ),
    ] = Format.PARQUET,
    video: Annotated[
        bool,
        typer.Option(
            "--video", help="With parquet: an MP4 (mp4v, MPEG-4 Part 2) for each collector in the pictures' place."
        ),
    ] = False,
) -> None:
    """Write a recording as files for other tools.

    Frames and controls join by collector, run and tick.

    Example: charles recordings export monday monday-parquet
    """
    if video and as_format is Format.JPEG:
        raise typer.BadParameter("only --format parquet has it", param_hint="--video")
    with clear_errors():
        source = opened(recording)
        if as_format is Format.PARQUET:
            _parquet(source, to, video)
        else:
            _jpeg(source, to)


def _parquet(source: Recording, to: Path, video: bool) -> None:
    from charles.recordings.parquet import export as exported

    with bar(f"exporting {source.folder}", "records") as progress:
        found = exported(source, to, progress, video=video)
    for topic, rows in found.rows.items():
        typer.echo(f"{to / topic}.parquet: {rows:,} rows")
    for path in sorted(to.glob("*.mp4")):
        typer.echo(str(path))
    _tell_unreadable(sum(found.unreadable.values()))


def _jpeg(source: Recording, to: Path) -> None:
    from charles.recordings.pictures import export as exported

    with bar(f"exporting {source.folder}", "records") as progress:
        found = exported(source, to, progress)
    typer.echo(f"{to}: {found.pictures:,} pictures and {found.labels:,} rows of labels of {found.runs:,} runs")
    _tell_unreadable(found.unreadable)


def _tell_unreadable(count: int) -> None:
    if count:
        typer.secho(
            f"{count:,} values cannot be read and are left out: `charles recordings verify` names them",
            fg="red",
            err=True,
        )
