"""When the rows of a foreign table were driven, and which tick of which run each one is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from charles.pacing import HZ
from charles.recordings.exchange.label_table import TIME, LabelLine, LabelTable
from charles.recordings.format.errors import RecordingError

NEW_RUN_S = 10.0
"""A pause of so long ends a run."""
BRIDGED_TICKS = 3
"""So many missing ticks repeat the last one in the balancer's histories; more of them begin a history anew."""
_SLOWEST_S = 1.0
_ABSOLUTE_S = 1e8
"""Seconds since 1970 from which on a time is not one since the beginning: March 1973."""
_UNITS = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3))
"""Numbers from which on a time since 1970 is in ns, us, ms."""
_BEGIN_OF_DATES_S, _END_OF_DATES_S = -62_135_596_800, 253_402_300_800
"""The years 1 to 9999, since 1970."""
_IN_NAME = re.compile(r"(\d{4})_(\d\d)_(\d\d)_(\d\d)_(\d\d)_(\d\d)_(\d{3})\.\w+$")
"""When a picture of Udacity's simulator was taken, as its name says."""


class RowPlace(NamedTuple):
    """A line's moment. run: from 0; time: of its tick, UTC."""

    line: LabelLine
    run: int
    tick: int
    time: datetime


@dataclass(slots=True)
class RowTiming:
    """places: of the lines that are kept; too_many: lines of a tick that an earlier line is of already; gaps: of more
    than 3 missing ticks, within runs; step: ticks from one line to the next, usually."""

    places: list[RowPlace]
    too_many: int
    gaps: int
    step: float


def timed(table: LabelTable, lines: Sequence[LabelLine], fps: float | None, scale: float | None) -> RowTiming:
    """Put lines at the ticks that are nearest to their times; none is made up between them.

    fps: lines a second, in place of what the table says of times; scale: seconds that the unit of its times is, None:
    seconds, or what the time since 1970 is plausibly in. Times from the beginning count from when the table was last
    changed. Raises RecordingError where there are no times, they go back, or are too far apart.
    """
    seconds = [number / fps for number in range(len(lines))] if fps else list(_seconds(table, lines, scale))
    for (before, line), (earlier, later) in zip(pairwise(lines), pairwise(seconds), strict=True):
        if later < earlier:
            raise RecordingError(
                f"{table.path} row {line.row}: its time is before that of row {before.row}: sort the table by time"
            )
    steps = [later - earlier for earlier, later in pairwise(seconds)]
    if steps and median(steps) > _SLOWEST_S:
        raise RecordingError(
            f"{table.path}: rows are {median(steps):g} s apart: if times are not in seconds, set the unit, such as "
            f"--time-scale 0.001 for milliseconds"
        )
    if seconds and seconds[0] < _ABSOLUTE_S:
        began = table.path.stat().st_mtime
        seconds = [began + each for each in seconds]
    return _placed(lines, seconds, median(steps) * HZ if steps else 1.0)


def _placed(lines: Sequence[LabelLine], seconds: Sequence[float], step: float) -> RowTiming:
    timing = RowTiming([], 0, 0, step)
    run, tick, before, began = -1, 0, -NEW_RUN_S, 0.0
    for line, time in zip(lines, seconds, strict=True):
        if run < 0 or time - before > NEW_RUN_S:
            run, began, last = run + 1, time, -1
        else:
            last = tick
        before = time
        now = round((time - began) * HZ)
        if now <= last:
            timing.too_many += 1
            continue
        timing.gaps += last >= 0 and now - last - 1 > BRIDGED_TICKS
        tick = now
        timing.places.append(RowPlace(line, run, tick, datetime.fromtimestamp(time, UTC)))
    return timing


def _seconds(table: LabelTable, lines: Sequence[LabelLine], scale: float | None) -> Iterator[float]:
    if TIME in table.columns:
        for line in lines:
            yield _written(table, line, scale)
        return
    for line in lines:
        found = _IN_NAME.search(line.frame)
        if found is None:
            raise RecordingError(
                f"{table.path} has no known column for time: name it with --time-column, or give the rows per second "
                f"with --fps"
            )
        year, month, day, hour, minute, second, milliseconds = map(int, found.groups())
        try:
            yield datetime(year, month, day, hour, minute, second, milliseconds * 1000, tzinfo=UTC).timestamp()
        except ValueError as problem:
            raise RecordingError(f"{table.path} row {line.row}: {line.frame} names no time: {problem}") from None


def _written(table: LabelTable, line: LabelLine, scale: float | None) -> float:
    try:
        number = float(line.time)
    except ValueError:
        try:
            time = datetime.fromisoformat(line.time)
        except ValueError:
            raise RecordingError(
                f"{table.path} row {line.row}, column {table.name(TIME)}: {line.time!r} is not a valid time: it must "
                f"be a number or ISO 8601"
            ) from None
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    unit = next((unit for least, unit in _UNITS if number >= least), 1.0) if scale is None else scale
    if not _BEGIN_OF_DATES_S <= number * unit < _END_OF_DATES_S:
        where = f"{table.path} row {line.row}, column {table.name(TIME)}"
        raise RecordingError(f"{where}: {line.time[:40]} is not a valid time: no year from 1 to 9999 has it")
    return number * unit
