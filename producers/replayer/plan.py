"""What of a recording is replayed: which topics, collectors and time, and where to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from charles import topics
from charles.base.time_format import iso
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Keep, Recording
from charles.recordings.format.record import NO_TIMESTAMP, Record
from charles.recordings.inspect import locate, tick_spans
from charles.settings import ConfigError, Kafka, Replayer, Settings
from charles.topics import Topic

Placed = tuple[str, int, Record]
Run = tuple[str, str]
"""Collector and run."""

RUN_TOPICS = (topics.FRAMES, topics.CONTROLS, topics.BALANCED)
"""Topics whose records' headers name a moment: collector, run, tick."""
REPLAYED_TOPICS = (*RUN_TOPICS, topics.TRAINING, topics.DRIVING)
UNREPLAYED_TOPICS = {
    "config": "the pipeline has its own configuration: see charles config",
    "commands": "recorded commands must not reach running programs",
    "status": "recorded heartbeats must not look like those of running programs",
    "balancer-state": "it refers to offsets of the original topics",
    "models": "they refer to offsets of the original weights",
    "weights": "they are useless without their manifests on models",
    "deadletter": "it refers to offsets of the original topics",
    "schemas": "they are published again",
}
"""Topics that can be recorded but are not replayed, and why."""


@dataclass(frozen=True)
class ReplayPlan:
    """kafka: of the topics that are written; left_out: recorded topics that are not replayed, with the reason;
    collectors: empty for all; since_ms, until_ms: the part that was asked for, None without a bound; first_ms, last_ms:
    the times between which there is something, -1 where nothing has a time; speed: None as fast as it goes."""

    recording: Recording
    kafka: Kafka
    topics: tuple[Topic, ...]
    left_out: dict[str, str]
    collectors: frozenset[str]
    since_ms: int | None
    until_ms: int | None
    first_ms: int
    last_ms: int
    speed: float | None
    loop: bool
    new_run: bool
    resume: bool
    keeps_timestamps: bool

    def records(self, since_ms: int | None = None) -> Iterator[Placed]:
        """What is replayed, in the recorded order. since_ms: from then on, if that is later than the plan's own."""
        given = [each for each in (self.since_ms, since_ms) if each is not None]
        names = [topic.name for topic in self.topics]
        return self.recording.merged(names, max(given, default=None), self.until_ms, self._keep())

    def runs(self) -> set[Run]:
        """Those that are replayed, as far as their collectors say."""
        manifest = self.recording.manifest
        found = {(collector, run) for collector, runs in manifest.runs.items() for run in runs}
        if manifest.state != "complete":
            found.update(self._unsealed_runs())
        return {run for run in found if not self.collectors or run[0] in self.collectors}

    def _keep(self) -> Keep | None:
        if not self.collectors:
            return None
        wanted = {name.encode() for name in self.collectors}
        return lambda _topic, _partition, record: record.header("collector") in wanted

    def _unsealed_runs(self) -> Iterator[Run]:
        """A recorder that is still at work, or was killed, has not told its last runs."""
        for topic in self.topics:
            for partition in self.recording.partitions(topic.name):
                sealed = self.recording.segments(topic.name, partition)
                for record in self.recording.read(topic.name, partition, sealed[-1].last_offset + 1 if sealed else 0):
                    if (run := run_of(record)) is not None:
                        yield run


def run_of(record: Record) -> Run | None:
    """Collector and run, by the headers."""
    collector, run = record.header("collector"), record.header("run")
    if collector is None or run is None:
        return None
    return collector.decode(errors="replace"), run.decode(errors="replace")


def planned(settings: Settings) -> ReplayPlan:
    """The plan that the settings ask for. Raises RecordingError, and ConfigError for what cannot be asked together."""
    wanted = settings.replayer
    _refuse_contradictions(wanted)
    if wanted.recording is None:
        raise ConfigError("replayer.recording: must name a recording")
    recording = Recording.open(locate.located(wanted.recording, settings.recordings.folder))
    chosen, left_out = _chosen(recording, wanted)
    since = None if wanted.since is None else tick_spans.moment(wanted.since, recording)
    until = None if wanted.until is None else tick_spans.moment(wanted.until, recording)
    first, last = _bounds(recording, chosen, since, until)
    prefix = wanted.prefix or f"{recording.manifest.prefix}-replay"
    return ReplayPlan(
        recording=recording,
        kafka=settings.kafka.model_copy(update={"prefix": prefix}),
        topics=chosen,
        left_out=left_out,
        collectors=_collectors(recording, wanted),
        since_ms=since,
        until_ms=until,
        first_ms=first,
        last_ms=last,
        speed=None if wanted.speed == "max" else float(wanted.speed),
        loop=wanted.loop,
        new_run=wanted.new_run,
        resume=wanted.resume,
        keeps_timestamps=wanted.timestamps == "keep",
    )


def _refuse_contradictions(wanted: Replayer) -> None:
    if wanted.loop and not wanted.new_run:
        raise ConfigError("--loop needs --new-run: (collector, run, tick) must be unique")
    if wanted.resume and wanted.new_run:
        raise ConfigError("--resume cannot be combined with --new-run: it continues with the same records")


def _chosen(recording: Recording, wanted: Replayer) -> tuple[tuple[Topic, ...], dict[str, str]]:
    """The topics that are replayed, and why others are not."""
    asked = wanted.topics or recording.topics
    for name in asked:
        if name not in UNREPLAYED_TOPICS:
            recording.partitions(name)  # it says which there are
    reasons = {name: why for name in asked if (why := _why_not(name, wanted))}
    found = tuple(topic for topic in REPLAYED_TOPICS if topic.name in asked and topic.name not in reasons)
    told = "; ".join(f"{name} cannot: {why}" for name, why in reasons.items())
    if (wanted.topics and reasons) or not found:
        names = ", ".join(topic.name for topic in REPLAYED_TOPICS)
        raise RecordingError(f"only these topics of {recording.folder} can be replayed: {names}; {told or 'all empty'}")
    return found, reasons


def _why_not(name: str, wanted: Replayer) -> str:
    of_runs = name in {topic.name for topic in RUN_TOPICS}
    if name not in {topic.name for topic in REPLAYED_TOPICS}:
        return UNREPLAYED_TOPICS.get(name, "it is not one of our topics")
    if wanted.new_run and not of_runs:
        return "its records have no run to rename (--new-run)"
    if wanted.collectors and not of_runs:
        return "its records do not name a collector (--collectors)"
    return ""


def _collectors(recording: Recording, wanted: Replayer) -> frozenset[str]:
    known = recording.manifest.runs
    for name in wanted.collectors:
        if name not in known and recording.manifest.state == "complete":
            raise RecordingError(
                f"{recording.folder} has no collector {name}; collectors: {', '.join(known) or 'none'}"
            )
    return frozenset(wanted.collectors)


def _bounds(recording: Recording, chosen: tuple[Topic, ...], since: int | None, until: int | None) -> tuple[int, int]:
    """The times between which the chosen topics have something."""
    lengths = [recording.lengths[topic.name] for topic in chosen]
    timed = [each for each in lengths if each.first_timestamp != NO_TIMESTAMP]
    if not timed:
        return NO_TIMESTAMP, NO_TIMESTAMP
    first, last = min(each.first_timestamp for each in timed), max(each.last_timestamp for each in timed)
    if (since is not None and since > last) or (until is not None and until <= first) or _is_empty(since, until):
        names = ", ".join(topic.name for topic in chosen)
        asked = f"{'its start' if since is None else iso(since)} and {'its end' if until is None else iso(until)}"
        raise RecordingError(
            f"{recording.folder} has no records of {names} between {asked}: it covers {iso(first)} to {iso(last)}"
        )
    return max(first, since or first), last if until is None else min(last, until)


def _is_empty(since: int | None, until: int | None) -> bool:
    return since is not None and until is not None and since >= until
