"""Where a trainer begins: at the newest state that is whole, or at batch 0."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from charles import topics
from charles.avro.codec import Unreadable
from charles.base.pictures import BadPicture, Size
from charles.checkpoints.identity import STATE
from charles.checkpoints.integrity import DamagedArtefact, MissingChunks
from charles.checkpoints.topic_readers import fetch, living
from charles.control.link import Link
from charles.control.offline_link import OfflineLink
from charles.events import Checkpoint, Frame, Sample, now
from charles.kafka.clients import name
from charles.kafka.reading import read_to_end
from charles.kafka.schemas import SchemaStore
from charles.pacing import Every
from charles.settings import Kafka
from consumers.trainer.buffers import BufferedSample, Buffers
from consumers.trainer.interfaces import FoundCheckpoint, SampleFeed
from consumers.trainer.jpeg import size_of
from consumers.trainer.sample_intake import SPARE
from consumers.trainer.trainer_state import TrainerState, unpack

if TYPE_CHECKING:
    from charles.models import TrainStep

log = logging.getLogger(__name__)

_CLOCKS_APART = timedelta(days=1)
_ANOTHER_NAME = "train under another name: charles config set train.model=NAME"

GoOn = Callable[[float], bool]


class CannotResume(RuntimeError):
    """The model's state does not fit; the message says why and what to do."""


def states(kafka: Kafka, model: str) -> list[Checkpoint]:
    """The manifests of the model's saved states, the newest first."""
    return [m for m in reversed(living(kafka)) if m.model == model and m.kind == STATE]


def load(kafka: Kafka, manifests: list[Checkpoint]) -> FoundCheckpoint | None:
    """The newest whole state; None where there is no state at all.

    Raises CannotResume where there are states, but none is whole.
    """
    for manifest in manifests:
        try:
            return FoundCheckpoint(manifest, unpack(fetch(kafka, manifest)), newest=manifest is manifests[0])
        except (DamagedArtefact, MissingChunks) as problem:
            log.warning("the state %s cannot be used: %s", manifest.artefact, problem)
    if manifests:
        raise CannotResume(f"none of the {len(manifests)} states of {manifests[0].model} can be used; {_ANOTHER_NAME}")
    return None


def transfer(step: TrainStep, manifest: Checkpoint, saved: TrainerState) -> None:
    """Begin with what fits of a network of another architecture: the outputs or the line were changed.

    Raises CannotResume where nothing fits.
    """
    taken, there = step.transfer(saved.model, manifest.outputs), len(step.model.weights)
    if taken == 0:
        raise CannotResume(f"no weights of {manifest.artefact} fit the configured line; {_ANOTHER_NAME}")
    log.info("the network has changed: %d of its %d weights are taken from %s", taken, there, manifest.artefact)


def restore(saved: TrainerState, buffers: Buffers, rng: np.random.Generator, feed: SampleFeed, go_on: GoOn) -> None:
    """Fill the buffers as they were, from the log; samples that it holds no more are expired, and
    those that another configuration has no use for are surplus.

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
    for kind, (offsets, remaining) in saved.slots.items():
        of_use = kind in buffers.by_kind
        slots = []
        for offset, uses in zip(offsets.tolist(), remaining.tolist(), strict=True):
            held = found.get(offset)
            if not of_use or held is SPARE:
                buffers.counts.surplus += 1
                continue
            if isinstance(held, BufferedSample):
                held.remaining = min(uses, buffers.uses)
            slots.append(held if isinstance(held, BufferedSample) else None)
        if of_use:
            buffers.restore(kind, slots)


class ResumeProgress:
    """Tells how far a long refill is, and ends it when the trainer shall stop."""

    def __init__(self, link: Link | OfflineLink) -> None:
        self._link = link
        self._log_line = Every(5.0, at_once=False)

    def __call__(self, share: float) -> bool:
        """share: of the way, in [0, 1]; false: end it."""
        note = f"refilling the buffers: {share:.0%}"
        self._link.beat("waiting", note=note)
        if self._log_line.due():
            log.info(note)
        return not self._link.should_end()


def picture_size(kafka: Kafka) -> Size | None:
    """The size of the pictures that a trainer will read: of the newest frame, else of the first readable sample; None
    where there is neither. Raises what read_to_end() raises."""
    return _of_newest_frame(kafka) or _of_first_sample(kafka)


def _of_first_sample(kafka: Kafka) -> Size | None:
    schemas = SchemaStore(kafka)
    for message in read_to_end(kafka, name(kafka, topics.BALANCED)):
        with suppress(Unreadable, BadPicture, IndexError):  # the feed will reject it
            return size_of(schemas.decode(Sample, message.value()).frames[-1])
    return None


def _of_newest_frame(kafka: Kafka) -> Size | None:
    schemas = SchemaStore(kafka)
    frames: list[Frame] = []
    for message in read_to_end(kafka, name(kafka, topics.FRAMES), start=-1):
        with suppress(Unreadable):
            frames.append(schemas.decode(Frame, message.value()))
    sizes = Counter((frame.width, frame.height) for frame in frames)
    soon = now() + _CLOCKS_APART
    # What most partitions end with; of as many the newest, but for a clock that nobody has.
    newest = max(frames, key=lambda f: (sizes[f.width, f.height], f.time < soon, f.time), default=None)
    return None if newest is None else (newest.width, newest.height)
