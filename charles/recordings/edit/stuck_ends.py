"""Where cars got stuck, as far as a recording tells.

A collector puts a car that does not get away somewhere else: after unstuck.seconds within unstuck.distance, or half a
second after a crash. That ends the run; why a run ended is not recorded. So here a run's end is of a stuck car where
the collector goes on with another run, and the car ended within unstuck.distance of where it was half a second before,
all that time. A car that goes slower than 4 m/s when its world is used up looks the same.
"""

from __future__ import annotations

import math
from collections import deque

from charles import topics
from charles.avro.codec import Unreadable, decode
from charles.base.progress import Progress, ProgressReporter, no_progress
from charles.config import Unstuck
from charles.events import Control
from charles.pacing import HZ
from charles.recordings.format.reader import Recording
from charles.recordings.inspect.tick_spans import TickSpan

PINNED_TICKS = HZ // 2
"""Ticks for which a car has not got away: as many as a collector waits after a crash."""

Run = tuple[str, str]
_Track = deque[tuple[int, float, float]]


def stuck(source: Recording, unstuck: Unstuck, before_s: float, progress: Progress = no_progress) -> list[TickSpan]:
    """The ends of runs in which a car got stuck, each from before_s ahead of where it stayed. Raises as reading a
    recording does, and RecordingError where no controls are recorded."""
    longest = 2 * max(round(unstuck.seconds * HZ), PINNED_TICKS)
    tracks: dict[str, tuple[Run, _Track]] = {}
    ends: dict[Run, TickSpan] = {}
    source.partitions(topics.CONTROLS.name)
    watch = ProgressReporter(progress, source.lengths[topics.CONTROLS.name].records)
    for _topic, _partition, record in watch.over(source.merged([topics.CONTROLS.name])):
        try:
            control = decode(Control, record.value, source.manifest.find_schema)
        except Unreadable:
            continue
        run = control.collector, control.run
        before, track = tracks.get(control.collector, (run, deque(maxlen=longest)))
        if before != run:
            if (span := _end(before, track, unstuck.distance, before_s)) is not None:
                ends[before] = span
            ends.pop(run, None)  # it goes on after all
            track = deque(maxlen=longest)
        track.append((control.tick, control.x, control.y))
        tracks[control.collector] = run, track
    return sorted(ends.values(), key=lambda span: (span.collector, span.run))


def _end(run: Run, track: _Track, distance: float, before_s: float) -> TickSpan | None:
    """The end of a run, where its car did not get away."""
    last, *place = track[-1]
    since = last
    for tick, *there in reversed(track):
        if math.dist(there, place) >= distance:
            break
        since = tick
    if last - since + 1 < PINNED_TICKS:
        return None
    return TickSpan(*run, max(since - round(before_s * HZ), 0), last)
