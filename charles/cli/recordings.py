"""`charles recordings`: what was recorded, and whether it is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charles.cli.running import clear_errors, load_settings

if TYPE_CHECKING:
    from charles.recordings.recording import Recording
    from charles.recordings.verify import Report

app = typer.Typer(
    help="What was recorded: how much, and whether it is whole. Example: charles recordings list", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, slots=True)
class _Row:
    """What `list` tells of a recording. seconds: from its first timestamp to its last one; bytes: of its segments."""

    name: str
    state: str
    seconds: float = 0.0
    topics: tuple[str, ...] = ()
    records: int = 0
    bytes: int = 0
    runs: int = 0
    digest: str = ""


@app.command("list")
def list_command(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="That holds recordings.", show_default="recordings.folder")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the recordings of a folder: how long, how large, and of what.

    Example: charles recordings list
    """
    with clear_errors():
        from charles.recordings import finding

        folder = folder or load_settings().recordings.folder
        rows = [_row(path) for path in finding.under(folder)]
        if as_json:
            import json

            typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
        elif rows:
            _print(rows)
        else:
            typer.echo(f"{folder} holds no recordings")


@app.command()
def verify(
    recording: Annotated[Path, typer.Argument(metavar="DIR", help="A recording, or its name in recordings.folder.")],
    as_json: AsJson = False,
) -> None:
    """Read all of a recording, compare it with its manifest, and decode every value; exit 1 when something is wrong.

    Example: charles recordings verify monday
    """
    with clear_errors():
        from charles.recordings import finding
        from charles.recordings.recording import Recording
        from charles.recordings.verify import verify as verified

        opened = Recording.open(finding.located(recording, load_settings().recordings.folder))
        with _bar(str(opened.folder)) as progress:
            report = verified(opened, progress)
        if as_json:
            import json

            facts = asdict(report) | {"ok": report.ok, "digest": opened.digest, "state": opened.manifest.state}
            typer.echo(json.dumps(facts, indent=2))
        else:
            _print_report(opened, report)
        if not report.ok:
            raise typer.Exit(1)


def _row(path: Path) -> _Row:
    """Of one that cannot be opened, why."""
    from charles.recordings.errors import RecordingError
    from charles.recordings.recording import Recording

    try:
        recording = Recording.open(path)
        lengths = recording.lengths.values()
    except RecordingError as error:
        return _Row(path.name, str(error))
    timed = [each for each in lengths if each.first_timestamp >= 0]
    first = min((each.first_timestamp for each in timed), default=0)
    last = max((each.last_timestamp for each in timed), default=0)
    return _Row(
        path.name,
        recording.manifest.state,
        (last - first) / 1000,
        tuple(recording.topics),
        sum(each.records for each in lengths),
        sum(each.bytes for each in lengths),
        sum(map(len, recording.manifest.runs.values())),
        recording.digest,
    )


def _print(rows: list[_Row]) -> None:
    from datetime import timedelta

    from rich.console import Console
    from rich.filesize import decimal
    from rich.table import Table
    from rich.text import Text

    table = Table("name", "state", "topics", box=None, pad_edge=False)
    for column in ("length", "records", "size", "runs"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        length = str(timedelta(seconds=round(row.seconds)))
        figures = (length, f"{row.records:,}", decimal(row.bytes), f"{row.runs:,}") if row.topics else ()
        table.add_row(Text(row.name), Text(row.state), Text(", ".join(row.topics)), *figures)
    Console().print(table)


def _print_report(recording: Recording, report: Report) -> None:
    for problem in report.problems:
        typer.secho(str(problem), fg="red", err=True)
    state = "" if recording.manifest.state == "complete" else " (it is not complete)"
    told = f"{report.records:,} records, {report.bytes:,} bytes, {report.values:,} values decoded{state}"
    for schema, count in report.unknown.items():
        typer.echo(f"{count:,} values are of schema {schema}, which neither this version nor the manifest knows")
    if report.ok:
        typer.echo(f"{recording.folder} is whole: {told}; digest {recording.digest}")
    else:
        typer.secho(f"{recording.folder}: {len(report.problems)} problems in {told}", fg="red", err=True)


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress callback that shows a bar on a terminal."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(escape(what))
        yield lambda done, total: bar.update(task, completed=done, total=total)
