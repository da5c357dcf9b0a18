"""Drops bad spans from a recording.

A record is of a tick by its headers, so that the tick goes from all topics alike. A sample goes where its own tick
goes; the history of a later one still tells what was driven before it, for that was driven.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from charles.base.progress import Progress, no_progress
from charles.recordings.edit.cut import copy
from charles.recordings.edit.new_recording import made
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import Record
from charles.recordings.inspect.tick_spans import TickSpan

_NAMED_SPANS = 100
"""Spans that the new recording's note names."""


def drop(source: Recording, folder: Path, spans: Collection[TickSpan], progress: Progress = no_progress) -> int:
    """Make a recording of one without these ticks; the other records stay as they are, offsets included. Returns how
    many records were left out. Raises RecordingError, also where a span holds nothing or nothing would be left,
    Unwritable."""
    by_run: dict[tuple[str, str], list[TickSpan]] = {}
    for span in spans:
        by_run.setdefault((span.collector, span.run), []).append(span)
    dropped = 0
    met: set[TickSpan] = set()

    def keep(record: Record) -> bool:
        nonlocal dropped
        if (moment := record.moment) is None:
            return True
        holding = [span for span in by_run.get(moment[:2], ()) if moment in span]
        met.update(holding)
        dropped += bool(holding)
        return not holding

    with made(folder, [source], source.manifest.topics, _note(source, spans)) as writer:
        kept = copy(source, writer, keep, progress)
        for span in spans:
            if span not in met:
                raise RecordingError(
                    f"{source.folder} has no records of {span}; `charles recordings info` lists its runs"
                )
        if not kept:
            raise RecordingError(f"nothing of {source.folder} would be left; drop fewer spans")
    return dropped


def _note(source: Recording, spans: Collection[TickSpan]) -> str:
    named = ", ".join(str(span) for span in list(spans)[:_NAMED_SPANS])
    more = f", and {len(spans) - _NAMED_SPANS} more spans" if len(spans) > _NAMED_SPANS else ""
    return f"{source.folder.name} ({source.digest}) without {named}{more}"
