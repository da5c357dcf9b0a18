"""Feeding a training from a recording, beside a training that is fed from the same recording through a broker: by
`charles replay --speed max`, and where it holds frames and controls by `charles balance`. Nobody learns from it.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import recordings
from benchmarks.drive import PICTURE, jpegs
from benchmarks.harness import Contest, Figures
from benchmarks.place import BenchPlace, defaults
from benchmarks.programs import program
from benchmarks.waiting import balancer, until
from charles.kafka.dead_letters import DeadLetters
from charles.labels.outputs import OUTPUTS
from charles.recordings.format.reader import Recording
from charles.settings import Kafka, Settings
from consumers.trainer.batches import Batches
from consumers.trainer.buffers import Buffers
from consumers.trainer.interfaces import SampleFeed
from consumers.trainer.offline.rebalanced_samples import RebalancedSamples
from consumers.trainer.offline.recorded_samples import BalancedSamples, Samples
from consumers.trainer.offline.recording_feed import RecordedFeed
from consumers.trainer.sample_intake import SampleShape
from consumers.trainer.topic_feed import TopicFeed
from stream_jobs.balancer import group_check

SAMPLES = 8_000
TICKS = 12_000
_LEAST_TICKS = 1_500
"""Of which some batches come."""
_BUFFER = 200
_REST_S = 0.02
_PATIENCE_S = 120.0
_READ = 0.9
"""The share of the samples after which it ends: a live balancer makes nearly as many as one that reads a recording."""


@contextmanager
def offline(place: BenchPlace) -> Iterator[Contest]:
    """Samples a second: read, decoded and put together to batches, from the first one that came. The recording holds
    balanced samples; raw: frames and controls, which are balanced on the way; topic full: beside a topic that holds all
    samples already, so that nobody replays them meanwhile."""
    pictures = jpegs(place.count(300))
    balanced = recordings.balanced(place.folder / "balanced", pictures, place.count(SAMPLES))
    raw = recordings.raw(place.folder / "raw", pictures, recordings.labels(max(place.count(TICKS), _LEAST_TICKS)))
    of_balanced: Samples = BalancedSamples(Recording.open(balanced))
    of_raw = RebalancedSamples(Recording.open(raw), defaults(Kafka()), _refuse)
    counts = {balanced: place.count(SAMPLES), raw: sum(1 for _ in of_raw.read(0))}
    settings = {folder: _settings(count) for folder, count in counts.items()}

    def from_files(samples: Samples, folder: Path) -> float:
        shape = SampleShape.of(settings[folder], PICTURE)
        with closing(RecordedFeed(samples, shape, _refuse, 1, lambda: False)) as feed:
            return _fed(feed, settings[folder], counts[folder])

    def from_topic(kafka: Kafka, folder: Path) -> float:
        shape = SampleShape.of(settings[folder], PICTURE)
        with closing(TopicFeed(kafka, "pilot", shape, DeadLetters(kafka, "trainer"))) as feed:
            return _fed(feed, settings[folder], counts[folder])

    def through_broker(folder: Path) -> float:
        kafka = place.cluster()
        with ExitStack() as running:
            if folder == raw:
                running.enter_context(balancer(kafka, 1))
                until(partial(group_check.check, kafka), "the balancer reads")
            running.enter_context(_replaying(kafka, folder))
            return from_topic(kafka, folder)

    full = place.cluster()
    with _replaying(full, balanced) as process:
        if code := process.wait():
            raise RuntimeError(f"charles replay ended with exit code {code}")

    def ours() -> Figures:
        fed = from_files(of_balanced, balanced)
        return {"": fed, "raw": from_files(of_raw, raw), "topic full": fed}

    def yardstick() -> Figures:
        replayed = through_broker(balanced)
        return {"": replayed, "raw": through_broker(raw), "topic full": from_topic(full, balanced)}

    yield Contest(ours, yardstick)


def _settings(count: int) -> Settings:
    """The defaults, but for smaller buffers: few shall be left in them."""
    settings = defaults(Kafka())
    train = settings.config.train
    room = max(min(_BUFFER, count // 16), train.batch // 2)
    fitting = train.model_copy(update={"buffer": room, "min_fill": train.batch / 2 / room, "when_full": "wait"})
    return settings.model_copy(update={"config": settings.config.model_copy(update={"train": fitting})})


def _replaying(kafka: Kafka, folder: Path) -> AbstractContextManager[subprocess.Popen[bytes]]:
    return program(defaults(kafka), "replay", str(folder), "--speed", "max", "--prefix", kafka.prefix)


def _fed(feed: SampleFeed, settings: Settings, count: int) -> float:
    """Samples a second. As Training.run() does, without the step."""
    train = settings.config.train
    buffers = Buffers(OUTPUTS, train.buffer, train.min_fill, 1)
    drawn, start_s = 0, time.perf_counter()
    with closing(Batches(buffers, np.random.default_rng(1), train.batch, PICTURE, frames=1)) as batches:
        feed.start()
        while buffers.counts.read < _READ * count:
            came = feed.take(buffers, lambda: not buffers.any_full or not buffers.ready)
            if buffers.counts.read == came:
                start_s = time.perf_counter()
            if batches.room and buffers.ready:
                batches.draw()
            elif batches.in_flight:
                batch = batches.take(lambda held, reason: _refuse(str(held.offset), reason))
                batch.inputs(), batch.targets(OUTPUTS), batch.weights(OUTPUTS)
                drawn += len(batch.samples)
            elif not came:
                if time.perf_counter() - start_s > _PATIENCE_S:
                    raise TimeoutError(f"{buffers.counts.read} of {count} samples came within {_PATIENCE_S:g} s")
                time.sleep(_REST_S)
        return drawn / (time.perf_counter() - start_s)


def _refuse(what: str, reason: str) -> None:
    raise RuntimeError(f"{what}: {reason}")
