"""What a recording holds: ticks, runs, gaps, counters, labels."""

from __future__ import annotations

from dataclasses import dataclass, field

from charles import topics
from charles.avro.codec import Unreadable, decode
from charles.balancing.label_counts import LabelCounts
from charles.base.progress import Progress, ProgressReporter, no_progress
from charles.events import Control, Frame, Sample
from charles.recordings.format.reader import Recording
from charles.recordings.inspect import recorded_config


@dataclass(slots=True)
class Ticks:
    """The ticks of a run in one topic. gaps: first and last of those that are missing between others; repeats: records
    of ticks that came before, or that are behind later ones."""

    records: int = 0
    first: int = -1
    last: int = -1
    gaps: list[tuple[int, int]] = field(default_factory=list)
    repeats: int = 0

    def add(self, tick: int) -> None:
        self.records += 1
        if self.first < 0:
            self.first = tick
        elif tick <= self.last:
            self.repeats += 1
            return
        elif tick > self.last + 1:
            self.gaps.append((self.last + 1, tick - 1))
        self.last = tick

    @property
    def missing(self) -> int:
        return sum(last - first + 1 for first, last in self.gaps)


@dataclass(slots=True)
class RunInfo:
    """One run. begins, ends: timestamps, milliseconds."""

    collector: str
    run: str
    begins: int
    ends: int
    frames: Ticks = field(default_factory=Ticks)
    controls: Ticks = field(default_factory=Ticks)


@dataclass(slots=True)
class Counter:
    """A count that a program tells again and again, from its start on: how much it grew while it was recorded."""

    grew: int = 0
    _last: int | None = None

    def add(self, told: int) -> None:
        if self._last is not None:
            self.grew += told - self._last if told >= self._last else told
        self._last = told


@dataclass(slots=True)
class RecordingInfo:
    """runs: in the order in which they began; late, dropped: ticks, by collector, as the collector said while it was
    recorded; unreadable: records whose values cannot be read; labels: counts of controls, and
    of samples where they were asked for."""

    labels: LabelCounts
    runs: dict[tuple[str, str], RunInfo] = field(default_factory=dict)
    late: dict[str, Counter] = field(default_factory=dict)
    dropped: dict[str, Counter] = field(default_factory=dict)
    unreadable: int = 0


def info(source: Recording, progress: Progress = no_progress, *, with_samples: bool = False) -> RecordingInfo:
    """Read what a recording holds of frames and controls, and count; with_samples: of balanced too, those that were
    balanced under the newest configuration. Raises DamagedRecording."""
    epoch, config = recorded_config.newest(source.manifest)
    found = RecordingInfo(LabelCounts(config))
    wanted: dict[str, type[Frame | Control | Sample]] = {topics.FRAMES.name: Frame, topics.CONTROLS.name: Control}
    if with_samples:
        wanted[topics.BALANCED.name] = Sample
    names = [name for name in wanted if name in source.topics]
    watch = ProgressReporter(progress, sum(source.lengths[name].records for name in names))
    for name in names:
        for _topic, _partition, record in watch.over(source.merged([name])):
            try:
                event = decode(wanted[name], record.value, source.manifest.find_schema)
            except Unreadable:
                found.unreadable += 1
                continue
            if isinstance(event, Sample):
                if event.epoch == epoch and event.set_output in found.labels.sets:
                    found.labels.add_sample(event)
            else:
                _add(found, event, record.timestamp)
    found.runs = dict(sorted(found.runs.items(), key=lambda item: (item[1].begins, item[0])))
    return found


def _add(found: RecordingInfo, event: Frame | Control, timestamp: int) -> None:
    name = event.collector, event.run
    run = found.runs.get(name) or found.runs.setdefault(name, RunInfo(*name, timestamp, timestamp))
    run.begins, run.ends = min(run.begins, timestamp), max(run.ends, timestamp)
    if isinstance(event, Frame):
        run.frames.add(event.tick)
        found.late.setdefault(event.collector, Counter()).add(event.late)
        found.dropped.setdefault(event.collector, Counter()).add(event.dropped)
    else:
        run.controls.add(event.tick)
        found.labels.add_control(event)
