"""Junk labels in a recording: each run's controls and a few of its pictures a second, judged by charles/junk."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from charles import topics
from charles.avro.codec import Unreadable, decode
from charles.base.progress import Progress, ProgressReporter, no_progress
from charles.events import Control, Frame
from charles.label_checks import Driven, Finding, Pictures, digest, driven, findings, thumbnail
from charles.label_checks.run_data import no_pictures
from charles.recordings.format.reader import Recording
from charles.recordings.inspect.tick_spans import TickSpan

TICKS_A_PICTURE = 5
"""Ticks: a frozen camera is one that is frozen for a second."""
_HALVES: dict[str, type[Frame | Control]] = {topics.FRAMES.name: Frame, topics.CONTROLS.name: Control}

Run = tuple[str, str]


@dataclass(frozen=True, slots=True)
class RunFinding:
    """A finding, and when its first tick was, milliseconds since 1970."""

    finding: Finding
    timestamp: int

    @property
    def span(self) -> TickSpan:
        return TickSpan(self.finding.collector, self.finding.run, self.finding.first_tick, self.finding.last_tick)


@dataclass(slots=True)
class LabelReport:
    """found: in the order of time; runs, ticks: that were judged; unreadable: records whose values cannot be read."""

    found: list[RunFinding] = field(default_factory=list)
    runs: int = 0
    ticks: int = 0
    unreadable: int = 0


def check(source: Recording, progress: Progress = no_progress) -> LabelReport:
    """Judge every run of a recording. Memory holds one run of each collector at a time. Raises DamagedRecording, and
    RecordingError where no controls are recorded."""
    source.partitions(topics.CONTROLS.name)
    names = [name for name in _HALVES if name in source.topics]
    watch = ProgressReporter(progress, sum(source.lengths[name].records for name in names))
    report = LabelReport()
    runs = {name: _Runs() for name in names}
    driving: dict[Run, _CheckedRun] = {}
    for topic, _partition, record in watch.over(source.merged(names)):
        try:
            event = decode(_HALVES[topic], record.value, source.manifest.find_schema)
            run = event.collector, event.run
            driving.setdefault(run, _CheckedRun()).add(event)
        except (Unreadable, ValueError):
            report.unreadable += 1
            continue
        if (before := runs[topic].now(run)) and all(each.is_over(before) for each in runs.values()):
            _judge(driving.pop(before), report)
    for left in driving.values():
        _judge(left, report)
    report.found.sort(key=lambda each: each.timestamp)
    return report


class _Runs:
    """Which run each collector is in, in one topic."""

    def __init__(self) -> None:
        self._now: dict[str, str] = {}

    def now(self, run: Run) -> Run | None:
        """A record of this run has come. Returns the run that is over with it, if one is."""
        collector, name = run
        before = self._now.get(collector, name)
        self._now[collector] = name
        return None if before == name else (collector, before)

    def is_over(self, run: Run) -> bool:
        return self._now.get(run[0], run[1]) != run[1]


class _CheckedRun:
    """What was seen of a run. Of a tick that comes twice the first counts."""

    def __init__(self) -> None:
        self._controls: dict[int, Control] = {}
        self._pictures: dict[int, tuple[NDArray[np.uint8], int]] = {}

    def add(self, event: Frame | Control) -> None:
        """Raises ValueError for a picture that is none."""
        if isinstance(event, Control):
            self._controls.setdefault(event.tick, event)
        elif event.tick % TICKS_A_PICTURE == 0 and event.tick not in self._pictures:
            self._pictures[event.tick] = thumbnail(event.picture), digest(event.picture)

    def driven(self) -> Driven | None:
        """None: it has no controls."""
        return driven(self._controls.values(), self._fingerprints()) if self._controls else None

    def _fingerprints(self) -> Pictures:
        if not self._pictures:
            return no_pictures()
        ticks = sorted(self._pictures)
        thumbnails, digests = zip(*(self._pictures[tick] for tick in ticks), strict=True)
        return Pictures(np.array(ticks, np.int64), np.stack(thumbnails), np.array(digests, np.uint64))


def _judge(run: _CheckedRun, report: LabelReport) -> None:
    seen = run.driven()
    if seen is None:
        return
    report.runs += 1
    report.ticks += len(seen)
    for finding in findings(seen):
        row = min(int(np.searchsorted(seen.tick, finding.first_tick)), len(seen) - 1)
        report.found.append(RunFinding(finding, int(seen.time[row]) // 1000))
