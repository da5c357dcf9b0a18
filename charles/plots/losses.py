"""The losses of a training, read from the topic `training` or from a recording of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from charles import topics
from charles.avro.codec import Unreadable
from charles.events import TrainingStep
from charles.plots.loss import Losses
from charles.recordings.format.layout import MANIFEST
from charles.recordings.format.reader import Recording
from charles.recordings.inspect.recorded_schemas import RecordedSchemas

_OF_TRAINING = topics.TRAINING.name


def losses_of(steps: Iterable[TrainingStep], model: str | None = None) -> Losses:
    """The losses of a model's current outputs with their current types. model: None: that of the last step.

    If a trainer went back to its last checkpoint, the later value of a batch counts.
    """
    by_model: dict[str, dict[int, TrainingStep]] = {}
    last = model
    for step in steps:
        by_model.setdefault(step.model, {})[step.batch] = step
        last = model or step.model
    told = by_model.get(last or "", {})
    if not told:
        return Losses([], {}, frozenset())
    newest = told[max(told)]
    kept = [
        step
        for _, step in sorted(told.items())
        if (step.losses.keys(), step.accuracies.keys()) == (newest.losses.keys(), newest.accuracies.keys())
    ]
    by_output = {output: [step.losses[output] for step in kept] for output in sorted(newest.losses)}
    return Losses([step.batch for step in kept], by_output, frozenset(newest.accuracies))


def recorded_steps(folder: Path) -> Iterator[TrainingStep]:
    """From a recording that has the topic, or from the folder of a training that wrote one. Raises RecordingError."""
    beside = folder / _OF_TRAINING
    recording = Recording.open(beside if (beside / MANIFEST).exists() else folder)
    schemas = RecordedSchemas(recording.manifest)
    for partition in recording.partitions(_OF_TRAINING):
        for record in recording.read(_OF_TRAINING, partition):
            with suppress(Unreadable):
                yield schemas.decode(TrainingStep, record.value)
