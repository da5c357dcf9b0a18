"""`charles recordings info`: shows what a recording holds, in tables and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charles.base.progress import bar
from charles.cli.printing import say, table_console
from charles.cli.recording_views import AsJson, Source, opened
from charles.cli.run_command import clear_errors

if TYPE_CHECKING:
    from rich.table import Table

    from charles.recordings.format.reader import Recording
    from charles.recordings.inspect.info import RecordingInfo, RunInfo

_SHOWN_RUNS = 30
"""Number of runs shown; --json has all."""
_BAR_CHARACTERS = 24


def info(
    recording: Source,
    contact_sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Write a contact sheet: frames spread evenly over the recording's time."),
    ] = None,
    pictures: Annotated[int, typer.Option(min=1, max=500, help="Number of frames on the contact sheet.")] = 24,
    histograms: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Write a plot of the labels, as driven and balanced.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print a summary of a recording: length, topics, collectors, runs, missing ticks, and a histogram of the labels.

    The column "records" counts a run's frames; if the number of controls differs, it follows after a slash. The longest
    gap is in brackets. Late and dropped ticks are those that the collectors reported during the recording.

    Example: charles recordings info monday --contact-sheet monday.png
    """
    with clear_errors():
        from charles.recordings.inspect.info import info as counted

        source = opened(recording)
        with bar(f"reading {source.folder}", "records") as progress:
            found = counted(source, progress, with_samples=histograms is not None)
        if as_json:
            import json

            say(json.dumps(_facts(source, found), indent=2))
        else:
            _print(source, found)
        if histograms is not None:
            _draw_labels(source, found, histograms)
        if contact_sheet is not None:
            from charles.recordings.inspect.contact_sheet import draw

            with bar("drawing", "pictures") as progress:
                count = draw(contact_sheet, source, pictures, progress)
            say(f"wrote {count} frames to {contact_sheet}", err=as_json)


def _draw_labels(source: Recording, found: RecordingInfo, path: Path) -> None:
    from charles.plots.balance_png import draw_driven, draw_png
    from charles.recordings.format.errors import RecordingError

    if not found.labels.drive.ticks:
        raise RecordingError(f"{source.folder} has no controls, so there are no labels to plot")
    (draw_png if found.labels.samples else draw_driven)(path, found.labels)


def _facts(source: Recording, found: RecordingInfo) -> dict[str, Any]:
    from dataclasses import asdict

    from charles.recordings.inspect.tick_spans import bounds

    first, last = bounds(source)
    manifest, drive = source.manifest, found.labels.drive
    return {
        "folder": str(source.folder),
        "state": manifest.state,
        "prefix": manifest.prefix,
        "digest": source.digest,
        "first_timestamp": first,
        "last_timestamp": last,
        "seconds": (last - first) / 1000,
        "topics": {
            name: asdict(length) | {"partitions": len(source.partitions(name))}
            for name, length in source.lengths.items()
        },
        "runs": [
            asdict(run) | {name: asdict(half) | {"missing": half.missing} for name, half in _halves(run)}
            for run in found.runs.values()
        ],
        "late": {name: counter.grew for name, counter in found.late.items()},
        "dropped": {name: counter.grew for name, counter in found.dropped.items()},
        "unreadable": found.unreadable,
        "bins": list(found.labels.axis.names),
        "steering": drive.seen.joint.sum(axis=1).astype(int).tolist(),
        "acceleration_braking": drive.seen.joint.sum(axis=0).astype(int).tolist(),
        "epochs": [each.epoch for each in manifest.configs],
        "notes": manifest.notes,
    }


def _halves(run: RunInfo) -> tuple[tuple[str, Any], tuple[str, Any]]:
    return ("frames", run.frames), ("controls", run.controls)


def _print(source: Recording, found: RecordingInfo) -> None:

    from charles.base.time_format import h_mm_ss, of_ms, utc
    from charles.recordings.inspect.tick_spans import bounds

    console, manifest = table_console(), source.manifest
    first, last = bounds(source)
    state = "complete" if manifest.state == "complete" else "not complete"
    console.print(
        f"{source.folder}: {state}, topics {manifest.prefix}.*", highlight=False, markup=False, soft_wrap=True
    )
    if last >= 0:
        console.print(
            f"from {utc(of_ms(first))} to {utc(of_ms(last))}: {h_mm_ss((last - first) / 1000)}",
            highlight=False,
            soft_wrap=True,
        )
    console.print(f"digest {source.digest}", highlight=False, soft_wrap=True)
    console.print("", _topics(source), sep="\n")
    if found.runs:
        console.print("", _collectors(found), "", _runs(source, found), sep="\n")
        if len(found.runs) > _SHOWN_RUNS:
            console.print(f"... and {len(found.runs) - _SHOWN_RUNS:,} more runs; --json lists all")
    if found.labels.drive.ticks:
        console.print("", _labels(found), sep="\n")
    if found.unreadable:
        console.print(f"{found.unreadable:,} unreadable values; `charles recordings verify` lists them")
    for note in manifest.notes:
        console.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)


def _table(*left: str, right: tuple[str, ...] = ()) -> Table:
    from rich.table import Table

    table = Table(*left, box=None, pad_edge=False)
    for head in right:
        table.add_column(head, justify="right", no_wrap=True)
    return table


def _topics(source: Recording) -> Table:
    from charles.base.sizes import size
    from charles.base.time_format import h_mm_ss, of_ms, utc

    table = _table("topic", right=("partitions", "records", "size", "from", "length"))
    for name, each in source.lengths.items():
        timed = each.first_timestamp >= 0
        length_s = (each.last_timestamp - each.first_timestamp) / 1000
        spans = (utc(of_ms(each.first_timestamp)), h_mm_ss(length_s)) if timed else ()
        table.add_row(name, str(len(source.partitions(name))), f"{each.records:,}", size(each.bytes), *spans)
    return table


def _collectors(found: RecordingInfo) -> Table:
    from charles.base.time_format import h_mm_ss
    from charles.pacing import HZ

    table = _table("collector", right=("runs", "ticks", "driven", "missing", "late", "dropped"))
    for name in sorted({run.collector for run in found.runs.values()}):
        runs = [run for run in found.runs.values() if run.collector == name]
        ticks = sum(_ticks(run) for run in runs)
        counters = (found.late.get(name), found.dropped.get(name))
        counts = [f"{counter.grew:,}" if counter else "-" for counter in counters]
        missing = f"{sum(_missing(run) for run in runs):,}"
        table.add_row(name, f"{len(runs):,}", f"{ticks:,}", h_mm_ss(ticks / HZ), missing, *counts)
    return table


def _runs(source: Recording, found: RecordingInfo) -> Table:
    """A run is written as `drop --span` takes it; from: time since the recording's start; records: frames, and controls
    if their number differs."""
    from charles.base.time_format import h_mm_ss
    from charles.recordings.inspect.tick_spans import bounds

    table = _table()
    table.add_column("collector/run", overflow="fold")
    for head in ("from", "ticks", "records", "missing"):
        table.add_column(head, justify="right", no_wrap=True)
    began = bounds(source)[0]
    for run in list(found.runs.values())[:_SHOWN_RUNS]:
        halves = [half for _name, half in _halves(run) if half.records]
        ticks = f"{min(half.first for half in halves)}-{max(half.last for half in halves)}"
        counts = "/".join(dict.fromkeys(f"{half.records:,}" for _name, half in _halves(run)))
        table.add_row(f"{run.collector}/{run.run}", h_mm_ss((run.begins - began) / 1000), ticks, counts, _gaps(run))
    return table


def _gaps(run: RunInfo) -> str:
    """The number of missing ticks, and the longest gap."""
    first, last = max(run.frames.gaps + run.controls.gaps, key=lambda gap: gap[1] - gap[0], default=(0, -1))
    longest = "" if last < 0 else f" ({first})" if first == last else f" ({first}-{last})"
    return f"{_missing(run):,}{longest}"


def _labels(found: RecordingInfo) -> Table:
    """The histogram of both labels."""
    seen = found.labels.drive.seen.joint
    table = _table()
    for head in ("bin", "steering", "", "acceleration / braking", ""):
        table.add_column(head, justify="left" if head else "right", no_wrap=True)
    steering, pedals = seen.sum(axis=1), seen.sum(axis=0)
    for number, name in enumerate(found.labels.axis.names):
        cells = [
            cell
            for counts in (steering, pedals)
            for cell in (_bar_of(counts[number] / counts.max()), f"{counts[number] / counts.sum():.1%}")
        ]
        table.add_row(name, *cells)
    return table


def _bar_of(share: float) -> str:
    eighths = round(share * _BAR_CHARACTERS * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _ticks(run: RunInfo) -> int:
    return max(run.frames.records - run.frames.repeats, run.controls.records - run.controls.repeats)


def _missing(run: RunInfo) -> int:
    return max(run.frames.missing, run.controls.missing)
