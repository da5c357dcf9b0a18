"""`charles recordings check`: finds junk labels and says what to drop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from charles.base.counted import counted
from charles.base.progress import bar
from charles.cli.printing import say
from charles.cli.recording_views import AsJson, Source, opened
from charles.cli.run_command import clear_errors

if TYPE_CHECKING:
    from charles.recordings.format.reader import Recording
    from charles.recordings.inspect.label_check import LabelReport, RunFinding


def check(recording: Source, as_json: AsJson = False) -> None:
    """Check for junk labels: controls that do not explain the motion, constant or saturated controls, frozen cameras
    and telemetry, and clock jumps. Exit code 1 if there are findings.

    Runs of less than 10 s are too short for most checks.

    Example: charles recordings check monday
    """
    with clear_errors():
        from charles.recordings.inspect.label_check import check as checked

        source = opened(recording)
        with bar(f"checking {source.folder}", "records") as progress:
            report = checked(source, progress)
        if as_json:
            import json

            facts = {"runs": report.runs, "ticks": report.ticks, "unreadable": report.unreadable}
            say(json.dumps(facts | {"findings": [_fact(recording, each) for each in report.found]}, indent=2))
        else:
            _print(source, recording, report)
        if report.found:
            raise typer.Exit(1)


def _fact(given: Path, found: RunFinding) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(found.finding) | {"timestamp": found.timestamp, "drop": _drop(given, [found])}


def _print(source: Recording, given: Path, report: LabelReport) -> None:
    judged = f"{counted(report.ticks, 'tick')} of {counted(report.runs, 'run')}"
    if report.unreadable:
        say(f"{counted(report.unreadable, 'unreadable value')}; `charles recordings verify` lists them", err=True)
    if not report.found:
        say(f"{source.folder}: no junk labels found in {judged}")
        return
    widest = max(len(each.finding.kind) for each in report.found)
    for each in report.found:
        say(f"{each.finding.kind:{widest}}  {_when(source, each)}  {each.span}", bold=True)
        say(f"  {each.finding.words}")
        say(f"  {_drop(given, [each])}")
    say(f"{counted(len(report.found), 'finding')} in {judged}")
    if len(report.found) > 1:
        say(f"To drop all of these spans:\n  {_drop(given, report.found)}")


def _when(source: Recording, found: RunFinding) -> str:
    """Time since the recording's start; a tick is captured a little before it is published."""
    from charles.base.time_format import h_mm_ss
    from charles.recordings.inspect import tick_spans

    after = max(found.timestamp - tick_spans.bounds(source)[0], 0)
    return f"+{h_mm_ss(after // 1000)}"


def _drop(given: Path, every: list[RunFinding]) -> str:
    """The command that drops these spans."""
    import shlex

    spans = [part for found in every for part in ("--span", str(found.span))]
    return shlex.join(["charles", "recordings", "drop", str(given), f"{given}-clean", *spans])
