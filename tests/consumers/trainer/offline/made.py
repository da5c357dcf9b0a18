"""Small recordings to train on, the same each time: of balanced samples, and of what they were balanced from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from charles import topics
from charles.avro import codec
from charles.config import Config, changed
from charles.events import Control, Frame, Sample
from charles.pacing import HZ
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import Record
from charles.recordings.format.writer import RecordingWriter
from tests.consumers.trainer.balanced import HEIGHT, WIDTH, jpeg, sample

BEGAN = datetime(2026, 1, 2, tzinfo=UTC)
SMALL = (
    *("train.buffer=42", "train.min_fill=0.5", "train.batch=8", "train.checkpoint_every=10"),
    *("train.when_full=wait", "balance.history=5", "balance.bins=3"),
)
"""Changes of the configuration under which a few hundred ticks make a training."""

Placed = tuple[topics.Topic, int, datetime, str, Any]
"""Topic, partition, when, key, event."""


def config(*changes: str) -> Config:
    return changed(Config(), [*SMALL, *changes])


def samples(count: int, first: int = 0) -> Iterator[Placed]:
    """Balanced ones."""
    for number in range(first, first + count):
        time = BEGAN + timedelta(seconds=number / HZ)
        yield topics.BALANCED, 0, time, f"set-{number // 21}", replace(sample(number), time=time)


def driven(count: int, collectors: int = 2, seed: int = 1, partitions: int = 6) -> Iterator[Placed]:
    """Frames and controls: the shade of the halves of a picture says what the pedals and the steering do."""
    rng = np.random.default_rng(seed)
    for tick in range(count):
        for number in range(collectors):
            collector, time = f"collector-{number}", BEGAN + timedelta(seconds=tick / HZ, milliseconds=number)
            labels = np.where(rng.random(2) < 0.3, 0.0, rng.uniform(-1, 1, 2))
            picture = rng.integers(0, 20, (HEIGHT, WIDTH, 3)).astype(np.uint8)
            picture[: HEIGHT // 2] += np.uint8(100 + 90 * labels[0])
            picture[HEIGHT // 2 :] += np.uint8(100 + 90 * labels[1])
            frame = Frame(collector, "run-1", tick, time, jpeg(picture), WIDTH, HEIGHT, 0, 0)
            pedals, steering = labels.tolist()
            rolling = (10.0, 0.0, 0.0, 0.0, 0.0, 100.0, 0.1)
            control = Control(collector, "run-1", tick, time, max(pedals, 0.0), max(-pedals, 0.0), steering, *rolling)
            yield topics.FRAMES, number % partitions, time, collector, frame
            yield topics.CONTROLS, number % partitions, time, collector, control


def record(
    folder: Path, placed: Iterable[Placed], of: Config | None = None, partitions: int = 6, **options: int
) -> Recording:
    """of: the configuration that the recording holds, of epoch 3; options: of the writer."""
    counts = {topic.name: 1 if topic is topics.BALANCED else partitions for topic in topics.TOPICS}
    offsets: dict[tuple[str, int], int] = {}
    with RecordingWriter.create(folder, "charles", {}, **options) as writer:  # type: ignore[arg-type]
        for topic, partition, time, key, event in placed:
            place = topic.name, partition
            if topic.name not in writer.manifest.topics:
                writer.add_topic(topic.name, counts[topic.name])
            offsets[place] = offsets.get(place, -1) + 1
            writer.append(*place, as_record(offsets[place], time, key, event))
        if of is not None:
            writer.add_config(3, of.model_dump(mode="json"))
        writer.finish()
    return Recording.open(folder)


def as_record(offset: int, time: datetime, key: str, event: Frame | Control | Sample) -> Record:
    told = {"collector": event.collector, "run": event.run, "tick": str(event.tick)}
    headers = tuple((name, text.encode()) for name, text in told.items())
    return Record(offset, round(time.timestamp() * 1000), 1, key.encode(), codec.encode(event), headers)
