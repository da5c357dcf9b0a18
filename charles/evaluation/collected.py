"""What the topics say about the learning, as pictures: loss.png and labels.png.

The topics are read once from their starts; of each record a few numbers are kept, so memory does not grow with them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np

from charles import topics
from charles.bins import BINS, scale_of
from charles.codec import Unreadable
from charles.evaluation.plots import Losses, Values, draw_labels, draw_loss
from charles.events import Control, Sample, TrainingStep
from charles.kafka import name, require_broker
from charles.outputs import OUTPUTS
from charles.reading import read_to_end
from charles.registry import Registry
from charles.settings import Kafka
from charles.topics import Topic

EventT = TypeVar("EventT")
Histograms = dict[str, Values]

_SILENCE_S = 30.0
_SCALE = scale_of("v3", -1)


def collect_pictures(kafka: Kafka, model: str, folder: Path, patience_s: float = 10.0) -> list[Path]:
    """Write loss.png (of this model) and labels.png into the folder, as far as the topics hold something to draw.

    Returns the files it wrote. Raises BrokerUnavailable; KafkaException or TimeoutError when a topic cannot be read.
    """
    require_broker(kafka, patience_s)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    losses = training_losses(kafka, model)
    if len(losses.batches) > 1:
        draw_loss(folder / "loss.png", losses)
        written.append(folder / "loss.png")
    before = driven_labels(kafka)
    if before[OUTPUTS[0]].any():
        draw_labels(folder / "labels.png", before, *balanced_labels(kafka))
        written.append(folder / "labels.png")
    return written


def training_losses(kafka: Kafka, model: str) -> Losses:
    """What a model's training said of the outputs that it has now, and of their present types.

    Where a trainer went back to its last checkpoint, the later account of a batch holds.
    """
    steps = {
        step.batch: (step.losses, step.accuracies.keys())
        for step in events(kafka, topics.TRAINING, TrainingStep)
        if step.model == model
    }
    if not steps:
        return Losses([], {}, frozenset())
    newest, with_classes = steps[max(steps)]
    batches = [
        batch
        for batch, (losses, classes) in sorted(steps.items())
        if losses.keys() == newest.keys() and classes == with_classes
    ]
    by_output = {output: [steps[batch][0][output] for batch in batches] for output in sorted(newest)}
    return Losses(batches, by_output, frozenset(with_classes))


def driven_labels(kafka: Kafka) -> Histograms:
    """How many ticks were driven, by output and bin of its label."""
    histograms = _empty()
    for control in events(kafka, topics.CONTROLS, Control):
        for output in OUTPUTS:
            histograms[output][_SCALE.bin_of(getattr(control, output))] += 1
    return histograms


def balanced_labels(kafka: Kafka) -> tuple[Histograms, Histograms]:
    """How many samples came out of the balancer, by output and bin of its label.

    Returns those emitted in the output's own sets, and those emitted in the other outputs' sets.
    """
    own, other = _empty(), _empty()
    for sample in events(kafka, topics.BALANCED, Sample):
        for output in OUTPUTS:
            histograms = own if sample.set_output == output else other
            histograms[output][_SCALE.bin_of(getattr(sample, output))] += 1
    return own, other


def events(kafka: Kafka, topic: Topic, event: type[EventT]) -> Iterator[EventT]:
    """Every readable event of a topic, from its start to its present end, partition by partition mixed.

    What cannot be read is skipped: dead letters are for the programs that live on it. Raises KafkaException when the
    topic cannot be read, TimeoutError when nothing comes for 30 s.
    """
    registry = Registry(kafka)
    for message in read_to_end(kafka, name(kafka, topic), patience_s=_SILENCE_S):
        with contextlib.suppress(Unreadable):
            yield registry.decode(event, message.value())


def _empty() -> Histograms:
    return {output: np.zeros(BINS) for output in OUTPUTS}
