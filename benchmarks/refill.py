"""Refilling the trainer's buffers from the log, beside a bare consumer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from confluent_kafka import TopicPartition

from benchmarks.drive import PICTURE, jpegs, sample
from benchmarks.harness import Contest, Figures
from benchmarks.place import BenchPlace
from charles import topics
from charles.avro import codec
from charles.config import Config
from charles.events import Sample
from charles.kafka.clients import consumer, name
from charles.kafka.dead_letters import DeadLetters
from charles.kafka.publisher import Publisher
from charles.labels.outputs import OUTPUTS
from charles.settings import Kafka
from consumers.trainer.sample_intake import SampleShape
from consumers.trainer.topic_feed import TopicFeed

SAMPLES = 8_000


@contextmanager
def refill(place: BenchPlace) -> Iterator[Contest]:
    """MB/s of samples, from the first question to the last one."""
    count = place.count(SAMPLES)
    kafka = place.cluster()
    size = _record(kafka, jpegs(place.count(300)), count)

    def ours() -> Figures:
        shape = SampleShape(PICTURE, frames=1, outputs=Config().predicted, set_kinds=OUTPUTS, uses=1, epoch=-1)
        with closing(TopicFeed(kafka, "pilot", shape, DeadLetters(kafka, "trainer"), position=count)) as feed:
            start_s = time.perf_counter()
            held = feed.refill(range(count), 0, lambda _: True)
            seconds = time.perf_counter() - start_s
        if len(held) < count:
            raise RuntimeError(f"only {len(held)} of {count} samples came back")
        return {"": size / seconds / 1e6}

    def yardstick() -> Figures:
        reader = consumer(kafka, "bare")
        start_s, came = time.perf_counter(), 0
        reader.assign([TopicPartition(name(kafka, topics.BALANCED), 0, 0)])
        while came < count:
            came += sum(len(message) > 0 for message in reader.consume(500, timeout=0.02))
        seconds = time.perf_counter() - start_s
        reader.close()
        return {"": size / seconds / 1e6}

    yield Contest(ours, yardstick)


def _record(kafka: Kafka, pictures: tuple[bytes, ...], count: int) -> int:
    """Write so many samples; returns their bytes."""
    publisher, size = Publisher(kafka, Sample), 0
    for number in range(count):
        value = codec.encode(sample(number, pictures[number % len(pictures)], OUTPUTS[number // 21 % 2]))
        publisher.send_bytes(topics.BALANCED, f"set-{number // 21}", value)
        size += len(value)
    if publisher.flush(60):
        raise TimeoutError("the log could not be written within a minute")
    return size
