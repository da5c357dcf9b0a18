"""Feeding a training: from a recording, beside the same from the topic. Nobody learns from the batches."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import numpy as np
from confluent_kafka import TopicPartition

from benchmarks.drive import PICTURE, jpegs, sample
from benchmarks.harness import Contest, Figures
from benchmarks.place import Place, defaults
from charles import topics
from charles.deadletters import DeadLetters
from charles.events import Sample
from charles.kafka import Publisher, consumer, name
from charles.offline.samples import BalancedSamples
from charles.outputs import OUTPUTS
from charles.recordings.manifest import TopicInfo
from charles.recordings.record import from_message
from charles.recordings.recording import Recording
from charles.recordings.writing import RecordingWriter
from charles.settings import Kafka, Settings
from consumers.trainer.batches import Batches
from consumers.trainer.buffers import Buffers
from consumers.trainer.ends import Feed
from consumers.trainer.feeding import Feed as TopicFeed
from consumers.trainer.holding import Shape
from consumers.trainer.recorded import RecordedFeed

SAMPLES = 8_000
_BUFFER = 200


@contextmanager
def offline(place: Place) -> Iterator[Contest]:
    """Samples a second: read, decoded and put together to batches, until all were drawn once, the first one and the
    way there included. read: only as far as the buffers, whose pictures are JPEGs. The topic and the recording hold the
    same records."""
    count, kafka = place.count(SAMPLES), place.cluster()
    _write(kafka, jpegs(place.count(300)), count)
    folder = place.folder / "offline"
    recording = _recorded(kafka, folder, count)
    settings = _settings(kafka, count)
    shape = Shape.of(settings, PICTURE)

    @contextmanager
    def recorded() -> Iterator[Feed]:
        with closing(RecordedFeed(BalancedSamples(recording), shape, _refuse, 1, lambda: False)) as feed:
            yield feed

    @contextmanager
    def from_topic() -> Iterator[Feed]:
        with closing(TopicFeed(kafka, "pilot", shape, DeadLetters(kafka, "trainer"))) as feed:
            yield feed

    def side(opened: Callable[[], AbstractContextManager[Feed]]) -> Figures:
        with opened() as feed:
            whole = _fed(feed, settings, count)
        with opened() as feed:
            return {"": whole, "read": _read(feed, settings, count)}

    try:
        yield Contest(lambda: side(recorded), lambda: side(from_topic))
    finally:
        shutil.rmtree(folder)


def _settings(kafka: Kafka, count: int) -> Settings:
    """The defaults, but for smaller buffers: all shall be drawn."""
    settings = defaults(kafka)
    train = settings.config.train
    room = min(_BUFFER, count // 2)
    fitting = train.model_copy(update={"buffer": room, "keep_full": train.batch / 2 / room, "when_full": "wait"})
    return settings.model_copy(update={"config": settings.config.model_copy(update={"train": fitting})})


def _fed(feed: Feed, settings: Settings, count: int) -> float:
    """Samples a second. As Training.run() does, without the step."""
    train = settings.config.train
    buffers = Buffers(OUTPUTS, train.buffer, train.keep_full, 1)
    drawn = 0
    with closing(Batches(buffers, np.random.default_rng(1), train.batch, PICTURE, frames=1)) as batches:
        start_s = time.perf_counter()
        feed.start()
        while drawn + train.batch <= count:
            feed.take(buffers, lambda: not buffers.any_full or not buffers.ready)
            full = buffers.any_full or buffers.counts.read == count
            if batches.room and buffers.ready and full:
                batches.draw()
                continue
            if batches.in_flight:
                batch = batches.take(lambda held, reason: _refuse(str(held.offset), reason))
                batch.inputs(), batch.targets(OUTPUTS), batch.weights(OUTPUTS)
                drawn += len(batch.samples)
        return drawn / (time.perf_counter() - start_s)


def _read(feed: Feed, settings: Settings, count: int) -> float:
    """Samples a second, as fast as they come; the oldest make room."""
    buffers = Buffers(OUTPUTS, settings.config.train.buffer, 0.0, 1)
    start_s = time.perf_counter()
    feed.start()
    while buffers.counts.read < count:
        feed.take(buffers, lambda: True)
    return count / (time.perf_counter() - start_s)


def _write(kafka: Kafka, pictures: tuple[bytes, ...], count: int) -> None:
    """So many samples, kinds of sets by turns, as many of each in every batch's worth."""
    publisher = Publisher(kafka, Sample)
    for number in range(count):
        made = sample(number, pictures[number % len(pictures)], OUTPUTS[number % 2])
        publisher.send(
            topics.BALANCED, made, made.set_id, {"collector": made.collector, "run": made.run, "tick": str(number)}
        )
    if publisher.flush(60):
        raise TimeoutError("the log could not be written within a minute")


def _recorded(kafka: Kafka, folder: Path, count: int) -> Recording:
    """The topic as a recording."""
    topic = topics.BALANCED.name
    reader = consumer(kafka, "recorder")
    reader.assign([TopicPartition(name(kafka, topics.BALANCED), 0, 0)])
    with RecordingWriter.create(folder, kafka.prefix, {topic: TopicInfo(partitions=1)}) as writer:
        came = 0
        while came < count:
            for message in reader.consume(500, timeout=1.0):
                writer.append(topic, 0, from_message(message))
                came += 1
        writer.finish()
    reader.close()
    return Recording.open(folder)


def _refuse(what: str, reason: str) -> None:
    raise RuntimeError(f"{what}: {reason}")
