"""Where a training from a recording puts what it makes: files in a folder.

weights.safetensors     to drive with: `charles evaluate --weights` takes it
untrained.safetensors   the same before the first batch, to compare with
state.safetensors       to go on from
training/               what every batch said: a recording of the topic `training`
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from charles import topics
from charles.avro import codec
from charles.checkpoints import packing
from charles.checkpoints.identity import STATE, WEIGHTS, ModelIdentity
from charles.checkpoints.integrity import DamagedArtefact
from charles.checkpoints.packing import Arrays
from charles.checkpoints.weights_file import WeightsFileError, load_weights, save_weights
from charles.evaluation.sources import UNTRAINED_FILE, WEIGHTS_FILE
from charles.events import Checkpoint, Span, TrainingStep
from charles.pacing import Every
from charles.recordings.format.layout import MANIFEST
from charles.recordings.format.manifest import TopicInfo
from charles.recordings.format.record import Record
from charles.recordings.format.writer import RecordingWriter
from consumers.trainer.interfaces import FoundCheckpoint
from consumers.trainer.resume import CannotResume
from consumers.trainer.trainer_state import unpack

log = logging.getLogger(__name__)

STATE_FILE = "state.safetensors"
STEPS = "training"
_FLUSH_S = 5.0
_CREATE_TIME = 1


class CheckpointFolder:
    """Checkpoints as files: each takes the place of the one before. batch: of the newest one, -1: none."""

    def __init__(self, path: Path, steps: StepsFile) -> None:
        self.batch = -1
        self._path = path
        self._steps = steps

    def load(self) -> FoundCheckpoint | None:
        """The state to go on from; None where there is none. Raises CannotResume."""
        path = self._path / STATE_FILE
        if not path.exists():
            return None
        try:
            manifest, arrays = load_weights(path)
            return FoundCheckpoint(manifest, unpack(arrays), newest=self._weights_are_of(manifest.batch))
        except (WeightsFileError, DamagedArtefact) as problem:
            raise CannotResume(
                f"{path} cannot be used: {problem}; delete {self._path}, or choose another --name"
            ) from None

    def publish(
        self,
        who: ModelIdentity,
        batch: int,
        weights: Arrays,
        state: Arrays,
        spans: Sequence[Span],
        parents: Sequence[str] = (),
        timeout_s: float = 15.0,
    ) -> None:
        """The state comes first: where only that is there, the weights follow from it. Raises Unwritable."""
        self._steps.flush()
        for kind, arrays, file in ((STATE, state, STATE_FILE), (WEIGHTS, weights, WEIGHTS_FILE)):
            data = packing.pack(arrays)
            sha256 = packing.digest(data)
            artefact = f"{who.model}@{batch}/{kind}/{sha256[:8]}"
            manifest = who.manifest(kind, batch, artefact, size=len(data), sha256=sha256, spans=spans, parents=parents)
            save_weights(self._path / file, manifest, arrays)
            if kind == WEIGHTS and batch == 0:
                save_weights(self._path / UNTRAINED_FILE, manifest, arrays)
        self.batch = batch

    def goes_on_from(self, manifest: Checkpoint) -> None:
        self.batch = manifest.batch

    def tidy(self) -> None:
        self._steps.flush_now_and_then()

    def _weights_are_of(self, batch: int) -> bool:
        try:
            return load_weights(self._path / WEIGHTS_FILE)[0].batch == batch
        except WeightsFileError:
            return False


class StepsFile:
    """What every batch said, as records. Only one training at a time has a folder's."""

    def __init__(self, path: Path, prefix: str) -> None:
        """prefix: that topics have. Raises RecordingError where another one writes there, Unwritable."""
        folder, topic = path / STEPS, topics.TRAINING.name
        if (folder / MANIFEST).exists():
            self._writer = RecordingWriter.resume(folder)
        else:
            self._writer = RecordingWriter.create(folder, prefix, {topic: TopicInfo(partitions=1)})
            self._writer.add_schema(codec.own_fingerprint(TrainingStep), codec.schema(TrainingStep))
        self._next = self._writer.next_offset(topic, 0) or 0
        self._flushing = Every(_FLUSH_S)

    def tell(self, step: TrainingStep) -> None:
        timestamp = round(step.time.timestamp() * 1000)
        record = Record(self._next, timestamp, _CREATE_TIME, step.model.encode(), codec.encode(step))
        self._writer.append(topics.TRAINING.name, 0, record)
        self._next += 1

    def flush(self) -> None:
        self._writer.flush()

    def flush_now_and_then(self) -> None:
        if self._flushing.due():
            self.flush()

    def close(self) -> None:
        self._writer.finish()
