"""`charles deadletters`: records that could not be used, and why."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charles.cli.printing import say
from charles.cli.run_command import clear_errors, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from charles.kafka.dead_letter_reader import LetterEntry, Original
    from charles.kafka.reading import OffsetSpan
    from charles.settings import Kafka

app = typer.Typer(
    help="Show records that could not be used: why, from which collector, and where they are. Example: charles "
    "deadletters list",
    no_args_is_help=True,
)

_NONE = "There are no dead letters."


def since_time(words: str) -> datetime:
    """A duration, which is so long ago, or a time; where it names no zone a local one, as those that `list` shows."""
    from charles.base.time_format import read_time
    from charles.events import now

    try:
        return read_time(words, now(), zone=None)
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from None


AsJson = Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")]


@app.command()
def count(as_json: AsJson = False) -> None:
    """Count dead letters by topic, program and reason. Reasons that differ only in numbers are counted together.

    Example: charles deadletters count
    """
    with clear_errors():
        from dataclasses import asdict

        from charles.cli.deadletter_views import print_groups, print_json
        from charles.kafka import dead_letter_reader

        kafka = _kafka()
        found = dead_letter_reader.groups(_watched(kafka, dead_letter_reader.span(kafka)))
        if as_json:
            first = min((group.first for group in found), default=None)
            last = max((group.last for group in found), default=None)
            total = sum(group.count for group in found)
            print_json({"total": total, "first": first, "last": last, "groups": [asdict(group) for group in found]})
        elif found:
            print_groups(kafka, found)
        else:
            say(_NONE)


@app.command("list")
def list_command(
    last: Annotated[int, typer.Option("--last", "-n", min=1, help="Number of dead letters to list.")] = 20,
    topic: Annotated[str | None, typer.Option(help="Only dead letters of records from this topic.")] = None,
    program: Annotated[str | None, typer.Option(help="Only dead letters written by this program.")] = None,
    collector: Annotated[str | None, typer.Option(help="Only records of this collector.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=since_time, metavar="10m|TIME", help="Only dead letters written since this time."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the last dead letters, newest last. Use `show NUMBER` for all details of one.

    Example: charles deadletters list --topic frames --since 10m
    """
    with clear_errors():
        from collections import deque

        from charles.cli.deadletter_views import facts, full_name, print_json, print_list
        from charles.kafka import dead_letter_reader
        from charles.kafka.reading import OffsetSpan

        kafka = _kafka()
        wanted = {"topic": topic and full_name(kafka, topic), "program": program, "collector": collector}
        given = {key: value for key, value in wanted.items() if value}
        there = dead_letter_reader.span(kafka, since)
        for start in dead_letter_reader.starts(there, last):
            every = (facts(kafka, entry) for entry in _watched(kafka, OffsetSpan(start, there.end)))
            matching = (one for one in every if given.items() <= one.items() and (not since or one["time"] >= since))
            # Only the facts are kept, and only the last ones': the records' bytes would be many.
            found = deque(matching, maxlen=last)
            if len(found) == last:
                break
        if as_json:
            print_json(list(found))
        elif found:
            print_list(kafka, found)
        else:
            say("No dead letter matches." if given or since else _NONE)


@app.command()
def show(
    number: Annotated[
        int, typer.Argument(min=0, metavar="NUMBER", help="Number of the dead letter, as `list` shows it.")
    ],
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="Save the record's bytes to this new file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show all details of one dead letter, and optionally save the bytes of its record: all of them while the source
    topic still has the record.

    Example: charles deadletters show 17 --save record.bin
    """
    with clear_errors():
        from charles.cli.deadletter_views import all_facts, print_json, print_one
        from charles.kafka import dead_letter_reader

        kafka = _kafka()
        entry = dead_letter_reader.find(kafka, number)
        if entry is None:
            raise RuntimeError(_not_there(kafka, number))
        original = dead_letter_reader.original(kafka, entry.letter)
        if save is not None:
            _save(save, original)
        told = all_facts(kafka, entry, original) | {"saved": save and str(save)}
        if as_json:
            print_json(told)
        else:
            print_one(kafka, told)


def _kafka() -> Kafka:
    from charles.kafka.clients import require_broker

    kafka = load_settings().kafka
    require_broker(kafka)
    return kafka


def _watched(kafka: Kafka, there: OffsetSpan) -> Iterator[LetterEntry]:
    """The dead letters with these numbers; shows a progress bar."""
    from charles.base.progress import ProgressReporter, bar
    from charles.kafka.dead_letter_reader import read

    with bar("reading the dead letters", "records") as progress:
        yield from ProgressReporter(progress, there.end - there.first).over(read(kafka, there.first))


def _not_there(kafka: Kafka, number: int) -> str:
    from charles.kafka.dead_letter_reader import span

    there = span(kafka)
    if there.first == there.end:
        return f"there is no dead letter {number}: the topic has none"
    return (
        f"there is no dead letter {number}: numbers run from {there.first} to {there.end - 1}, with gaps; `charles "
        f"deadletters list` shows them"
    )


def _save(file: Path, original: Original) -> None:
    """Write a new file. Raises OSError, also if the file already exists."""
    try:
        with file.open("xb") as out:
            out.write(original.data)
    except FileExistsError:
        raise FileExistsError(f"{file} already exists and was not changed; choose another file") from None
    except OSError as error:
        raise OSError(f"{file} cannot be written: {error.strerror}") from None
