"""Recordings of a drive, for benchmarks that read them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmarks.drive import control, frame, sample
from charles import topics
from charles.avro import codec
from charles.events import Control, Frame, Sample
from charles.labels.outputs import OUTPUTS
from charles.recordings.format.manifest import TopicInfo
from charles.recordings.format.record import Record
from charles.recordings.format.writer import RecordingWriter
from charles.topics import Topic

Label = tuple[float, float]
"""Pedals and steering, in [-1, 1]."""

_COLLECTORS = ("collector-1", "collector-2")
_SPREAD = 0.35


def labels(ticks: int) -> list[Label]:
    """_SPREAD of them lie anywhere; the others drive straight. The rarest bin then comes with 1.7 % of the ticks, and
    more than half of them are emitted."""
    rng = np.random.default_rng(1)
    spread = rng.random((ticks, 2)) < _SPREAD
    return [(pedals, steering) for pedals, steering in np.where(spread, rng.uniform(-1, 1, (ticks, 2)), 0.0).tolist()]


def raw(folder: Path, pictures: tuple[bytes, ...], driven: Iterable[Label]) -> Path:
    """Frames and controls of two collectors in turn, each in a partition of its own."""
    found = {topic.name: TopicInfo(partitions=topic.partitions) for topic in (topics.FRAMES, topics.CONTROLS)}
    with RecordingWriter.create(folder, "bench", found) as writer:
        for number, (pedals, steering) in enumerate(driven):
            partition, tick = number % len(_COLLECTORS), number // len(_COLLECTORS)
            collector = _COLLECTORS[partition]
            seen = frame(collector, tick, pictures[number % len(pictures)])
            _append(writer, topics.FRAMES, partition, tick, seen)
            _append(writer, topics.CONTROLS, partition, tick, control(collector, tick, pedals, steering))
        writer.finish()
    return folder


def balanced(folder: Path, pictures: tuple[bytes, ...], samples: int) -> Path:
    """Samples of one collector, kinds of sets by turns, as many of each in every batch's worth."""
    with RecordingWriter.create(folder, "bench", {topics.BALANCED.name: TopicInfo(partitions=1)}) as writer:
        for number in range(samples):
            made = sample(number, pictures[number % len(pictures)], OUTPUTS[number % 2])
            _append(writer, topics.BALANCED, 0, number, made)
        writer.finish()
    return folder


def _append(
    writer: RecordingWriter, topic: Topic, partition: int, offset: int, event: Frame | Control | Sample
) -> None:
    told = {"collector": event.collector, "run": event.run, "tick": str(event.tick)}
    headers = tuple((name, text.encode()) for name, text in told.items())
    timestamp = round(event.time.timestamp() * 1000)
    key = event.set_id if isinstance(event, Sample) else event.collector
    writer.append(topic.name, partition, Record(offset, timestamp, 1, key.encode(), codec.encode(event), headers))
