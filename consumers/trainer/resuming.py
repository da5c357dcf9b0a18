"""Where a trainer begins: at the newest state that is whole, or at batch 0."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import numpy as np
from confluent_kafka import TopicPartition

from charles import checkpoints, topics
from charles.checkpoints import STATE, Damaged, Missing
from charles.codec import Unreadable
from charles.control import Heartbeat
from charles.events import Checkpoint, Frame, Sample
from charles.kafka import consumer, name
from charles.registry import Registry
from charles.settings import Kafka
from charles.stopping import Stop
from consumers.trainer.buffers import Buffers
from consumers.trainer.feeding import Feed
from consumers.trainer.pictures import BadPicture, Size, size_of
from consumers.trainer.saving import Saved, unpack

log = logging.getLogger(__name__)

GoOn = Callable[[float], bool]


class CannotResume(RuntimeError):
    """The model's state does not fit; the message says why and what to do."""


def states(kafka: Kafka, model: str) -> list[Checkpoint]:
    """The manifests of the model's saved states, the newest first."""
    return [m for m in reversed(checkpoints.living(kafka)) if m.model == model and m.kind == STATE]


def load(kafka: Kafka, manifests: list[Checkpoint], architecture: str) -> tuple[Checkpoint, Saved] | None:
    """The newest whole state; None where there is no state at all.

    Raises CannotResume where there are states, but none is whole, or the newest is of another architecture.
    """
    for manifest in manifests:
        if manifest.architecture != architecture:
            raise CannotResume(
                f"{manifest.model} is of another architecture (line {manifest.line}, pictures "
                f"{manifest.picture_width}x{manifest.picture_height}); train under another name: train.model"
            )
        try:
            return manifest, unpack(checkpoints.fetch(kafka, manifest))
        except (Damaged, Missing) as problem:
            log.warning("the state %s cannot be used: %s", manifest.artefact, problem)
    if manifests:
        raise CannotResume(
            f"none of the {len(manifests)} states of {manifests[0].model} can be used; "
            "train under another name: train.model"
        )
    return None


def restore(saved: Saved, buffers: Buffers, rng: np.random.Generator, feed: Feed, go_on: GoOn) -> None:
    """Fill the buffers as they were, from the log; samples that it holds no more are expired.

    go_on: told the share of the way that is done; false ends it, and the buffers are of no use.
    """
    buffers.counts = saved.counts
    buffers.started = saved.started
    rng.bit_generator.state = saved.random
    wanted = saved.offsets
    log.info("refilling the buffers: %d samples", len(wanted))
    first = min(wanted, default=saved.position)
    length = max(saved.position - first, 1)
    found = feed.refill(wanted, first, lambda offset: go_on((offset - first) / length))
    for output in buffers.outputs:
        offsets, remaining = saved.slots.get(output, ((), ()))
        slots = [found.get(int(offset)) for offset in offsets]
        for held, uses in zip(slots, remaining, strict=True):
            if held is not None:
                held.remaining = min(int(uses), buffers.uses)
        buffers.restore(output, slots)


class Progress:
    """Tells how far a long refill is, and ends it when the trainer shall stop."""

    def __init__(self, heartbeat: Heartbeat, stop: Stop) -> None:
        self._heartbeat = heartbeat
        self._stop = stop
        self._next = time.monotonic() + 5

    def __call__(self, share: float) -> bool:
        """share: of the way, in [0, 1]; false: end it."""
        note = f"refilling the buffers: {share:.0%}"
        self._heartbeat.beat("waiting", note=note)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + 5
            log.info(note)
        return not self._stop()


def picture_size(kafka: Kafka) -> Size | None:
    """The size of the pictures that a trainer will read: of the newest frame, else of the first readable sample; None
    where there is neither."""
    return _of_newest_frame(kafka) or _of_first_sample(kafka)


def _of_first_sample(kafka: Kafka) -> Size | None:
    reader = consumer(kafka, "trainer-picture-size", **{"enable.partition.eof": True})
    registry = Registry(kafka)
    try:
        reader.assign([TopicPartition(name(kafka, topics.BALANCED), 0, 0)])
        while (message := reader.poll(5.0)) is not None and message.error() is None:
            try:
                return size_of(registry.decode(Sample, message.value()).frames[-1])
            except (Unreadable, BadPicture, IndexError):
                continue  # the feed will reject it
    finally:
        reader.close()
    return None


def _of_newest_frame(kafka: Kafka) -> Size | None:
    reader = consumer(kafka, "trainer-picture-size", **{"enable.partition.eof": True})
    registry = Registry(kafka)
    topic = name(kafka, topics.FRAMES)
    newest: Frame | None = None
    try:
        for partition in range(len(reader.list_topics(topic, timeout=10).topics[topic].partitions)):
            low, high = reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=10) or (0, 0)
            if high <= low:
                continue
            reader.assign([TopicPartition(topic, partition, high - 1)])
            message = reader.poll(5.0)
            if message is None or message.error() is not None:
                continue
            try:
                frame = registry.decode(Frame, message.value())
            except Unreadable:
                continue
            if newest is None or frame.time > newest.time:
                newest = frame
    finally:
        reader.close()
    return None if newest is None else (newest.width, newest.height)
