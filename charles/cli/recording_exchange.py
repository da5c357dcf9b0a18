"""`charles recordings export` and `import`: convert recordings for other tools, and other data to recordings."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charles.base.counted import counted
from charles.base.progress import bar
from charles.cli.printing import say
from charles.cli.recording_views import New, Source, new_place, opened
from charles.cli.run_command import clear_errors, load_settings

if TYPE_CHECKING:
    from charles.recordings.exchange.import_pictures import ImportResult
    from charles.recordings.format.reader import Recording


Column = Annotated[str | None, typer.Option(metavar="NAME", show_default="found by its usual names")]
LEAST_STEP_TICKS = 4.0
"""Above this many ticks from one row to the next, no history is ever complete."""


class Format(StrEnum):
    PARQUET = "parquet"
    JPEG = "jpeg"


def export(
    recording: Source,
    to: Annotated[Path, typer.Argument(metavar="TO", help="New folder for the files.")],
    as_format: Annotated[
        Format,
        typer.Option(
            "--format",
            help="Format: parquet (one table per topic, one column per field) or jpeg (COLLECTOR/RUN/TICK.jpg with a "
            "labels.csv per run).",
        ),
    ] = Format.PARQUET,
    video: Annotated[
        bool,
        typer.Option(
            "--video", help="With parquet: write one MP4 video per collector (mp4v, MPEG-4 Part 2) instead of pictures."
        ),
    ] = False,
) -> None:
    """Export a recording to files for other tools.

    Join frames and controls on collector, run and tick.

    Example: charles recordings export monday monday-parquet
    """
    if video and as_format is Format.JPEG:
        raise typer.BadParameter("is only valid with --format parquet", param_hint="--video")
    with clear_errors():
        source = opened(recording)
        if as_format is Format.PARQUET:
            _parquet(source, to, video)
        else:
            _jpeg(source, to)


def _parquet(source: Recording, to: Path, video: bool) -> None:
    from charles.recordings.exchange.parquet import export as exported

    with bar(f"exporting {source.folder}", "records") as progress:
        found = exported(source, to, progress, video=video)
    for topic, rows in found.rows.items():
        say(f"{to / topic}.parquet: {rows:,} rows")
    for path in sorted(to.glob("*.mp4")):
        say(str(path))
    _tell_unreadable(sum(found.unreadable.values()))


def _jpeg(source: Recording, to: Path) -> None:
    from charles.recordings.exchange.jpeg_folder import export as exported

    with bar(f"exporting {source.folder}", "records") as progress:
        found = exported(source, to, progress)
    say(f"{to}: {found.pictures:,} pictures and {found.labels:,} label rows from {counted(found.runs, 'run')}")
    _tell_unreadable(found.unreadable)


def _tell_unreadable(count: int) -> None:
    if count:
        say(
            f"left out {counted(count, 'unreadable value')}; `charles recordings verify` lists them",
            fg="red",
            err=True,
        )


def import_command(
    pictures: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder with the pictures: JPEG, PNG, ...")],
    new: New,
    table: Annotated[Path, typer.Option("--csv", metavar="FILE", help="CSV file with one row of labels per picture.")],
    frame_column: Column = None,
    steering_column: Column = None,
    throttle_column: Column = None,
    brake_column: Column = None,
    speed_column: Column = None,
    time_column: Column = None,
    steering_scale: Annotated[
        float | None,
        typer.Option(
            help="Factor that brings steering to [-1, 1], left negative. Use a negative factor to swap sides."
        ),
    ] = None,
    throttle_scale: Annotated[float | None, typer.Option(help="Factor that brings the throttle to [0, 1].")] = None,
    brake_scale: Annotated[float | None, typer.Option(help="Factor that brings the brake to [0, 1].")] = None,
    speed_scale: Annotated[
        float | None, typer.Option(help="Factor that brings the speed to m/s: 0.44704 for mph, 0.277778 for km/h.")
    ] = None,
    time_scale: Annotated[
        float | None, typer.Option(min=0, help="Factor that brings times to seconds: 0.001 for milliseconds.")
    ] = None,
    fps: Annotated[
        float | None, typer.Option(min=0.1, max=1000, help="Rows per second, for a table without a time column.")
    ] = None,
    collector: Annotated[
        str, typer.Option(metavar="NAME", help="Collector name to record the drive under.")
    ] = "imported",
) -> None:
    """Make a recording of frames and controls from a folder of pictures and a CSV table.

    Columns are found by their usual names; driving logs of Udacity's simulator need no header. Each row becomes the
    tick (30 per second) nearest to its time; rows are not interpolated. A pause of 10 s starts another run. Samples
    need 60 ticks without a gap of more than 3, so at least 7.5 rows per second. Without a brake column, a negative
    throttle brakes.

    Example: charles recordings import beach/IMG beach --csv beach/driving_log.csv
    """
    with clear_errors():
        from charles.recordings.exchange.import_pictures import ImportOptions, import_folder

        options = ImportOptions(
            columns={
                "frame": frame_column,
                "steering": steering_column,
                "throttle": throttle_column,
                "brake": brake_column,
                "speed": speed_column,
                "time": time_column,
            },
            scales={"steering": steering_scale, "throttle": throttle_scale, "brake": brake_scale, "speed": speed_scale},
            time_scale=time_scale,
            fps=fps,
            collector=collector,
        )
        folder = new_place(new)
        with bar(f"importing {table}", "rows") as progress:
            made = import_folder(pictures, table, folder, options, load_settings().kafka.prefix, progress)
        _tell_imported(folder, made)


def _tell_imported(folder: Path, made: ImportResult) -> None:
    for meaning, (column, scale) in made.used.items():
        say(f"{meaning}: column {column}" + (f", times {scale:g}" if scale != 1 else ""))
    if made.too_many:
        say(f"left out {counted(made.too_many, 'row')}: another row has the same tick")
    if made.gaps:
        say(f"{counted(made.gaps, 'gap')} of more than 3 ticks: the 60 ticks after each gap give no samples")
    if made.step > LEAST_STEP_TICKS:
        say("no samples can be made from less than 7.5 rows per second", fg="red", err=True)
    say(f"created {folder}: {made.ticks:,} ticks in {counted(made.runs, 'run')}")
