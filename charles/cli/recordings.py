"""`charles recordings`: lists, verifies, edits and converts recordings."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from charles.base.progress import bar
from charles.cli.printing import say
from charles.cli.recording_check import check
from charles.cli.recording_edits import cut, drop, merge
from charles.cli.recording_exchange import export, import_command
from charles.cli.recording_info import info
from charles.cli.recording_views import AsJson, Source, opened, print_report, print_rows, row_of
from charles.cli.run_command import clear_errors, load_settings

app = typer.Typer(
    help="List, verify, edit and convert recordings. Example: charles recordings list",
    no_args_is_help=True,
)


@app.command("list")
def list_command(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Folder that holds recordings.", show_default="recordings.folder"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the recordings in a folder: length, size and contents.

    Example: charles recordings list
    """
    with clear_errors():
        from charles.recordings.inspect import locate

        folder = folder or load_settings().recordings.folder
        rows = [row_of(path) for path in locate.under(folder)]
        if as_json:
            import json

            say(json.dumps([asdict(row) for row in rows], indent=2))
        elif rows:
            print_rows(rows)
        else:
            say(f"{folder} has no recordings")


@app.command()
def verify(recording: Source, as_json: AsJson = False) -> None:
    """Read a whole recording, compare it with its manifest, and decode every value. Exit code 1 if there are problems.

    Example: charles recordings verify monday
    """
    with clear_errors():
        from charles.recordings.inspect.verify import verify as verified

        source = opened(recording)
        with bar(f"reading {source.folder}") as progress:
            report = verified(source, progress)
        if as_json:
            import json

            facts = asdict(report) | {"ok": report.ok, "digest": source.digest, "state": source.manifest.state}
            say(json.dumps(facts, indent=2))
        else:
            print_report(source, report)
        if not report.ok:
            raise typer.Exit(1)


app.command("info")(info)
app.command("check")(check)
app.command("export")(export)
app.command("import")(import_command)
app.command("cut")(cut)
app.command("merge")(merge)
app.command("drop")(drop)
