"""What `charles recordings` shows: tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charles.base.counted import counted
from charles.cli.printing import say, table_console
from charles.cli.run_command import load_settings

if TYPE_CHECKING:
    from charles.recordings.format.reader import Recording
    from charles.recordings.inspect.verify import VerifyReport

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Source = Annotated[Path, typer.Argument(metavar="DIR", help="Recording: a path, or a name in recordings.folder.")]
New = Annotated[
    Path, typer.Argument(metavar="NEW", help="Folder of the new recording: a path, or a name in recordings.folder.")
]


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """A row of `list`. seconds: from the first timestamp to the last one; bytes: size of all segments."""

    name: str
    state: str
    seconds: float = 0.0
    topics: tuple[str, ...] = ()
    records: int = 0
    bytes: int = 0
    runs: int = 0
    digest: str = ""


def row_of(path: Path) -> RecordingRow:
    """Why a recording cannot be opened."""
    from charles.recordings.format.errors import RecordingError
    from charles.recordings.format.reader import Recording

    try:
        recording = Recording.open(path)
        lengths = recording.lengths.values()
    except RecordingError as error:
        return RecordingRow(path.name, str(error))
    timed = [each for each in lengths if each.first_timestamp >= 0]
    first = min((each.first_timestamp for each in timed), default=0)
    last = max((each.last_timestamp for each in timed), default=0)
    return RecordingRow(
        path.name,
        recording.manifest.state,
        (last - first) / 1000,
        tuple(recording.topics),
        sum(each.records for each in lengths),
        sum(each.bytes for each in lengths),
        sum(map(len, recording.manifest.runs.values())),
        recording.digest,
    )


def print_rows(rows: list[RecordingRow]) -> None:
    from rich.table import Table
    from rich.text import Text

    from charles.base.sizes import size
    from charles.base.time_format import h_mm_ss

    table = Table("name", "state", "topics", box=None, pad_edge=False)
    for column in ("length", "records", "size", "runs"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        figures = (h_mm_ss(row.seconds), f"{row.records:,}", size(row.bytes), f"{row.runs:,}") if row.topics else ()
        table.add_row(Text(row.name), Text(row.state), Text(", ".join(row.topics)), *figures)
    table_console().print(table)


def print_report(recording: Recording, report: VerifyReport) -> None:
    for problem in report.problems:
        say(str(problem), fg="red", err=True)
    state = "" if recording.manifest.state == "complete" else " (not complete)"
    told = f"{report.records:,} records, {report.bytes:,} bytes, {report.values:,} values decoded{state}"
    for schema, count in report.unknown.items():
        say(f"{count:,} values have the schema {schema}, which is unknown to this version and to the manifest")
    if report.ok:
        say(f"{recording.folder} is intact: {told}; digest {recording.digest}")
    else:
        say(
            f"{recording.folder}: {counted(len(report.problems), 'problem')} in {told}",
            fg="red",
            err=True,
        )


def opened(given: Path) -> Recording:
    """The recording of this path or name. Raises RecordingError."""
    from charles.recordings.format.reader import Recording
    from charles.recordings.inspect import locate

    return Recording.open(locate.located(given, load_settings().recordings.folder))


def new_place(given: Path) -> Path:
    """The folder of a new recording of this path or name."""
    return load_settings().recordings.folder / given if len(given.parts) == 1 else given
