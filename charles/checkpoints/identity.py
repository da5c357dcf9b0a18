"""THE record of what a checkpoint is: the fields that all checkpoints of a training share, and the manifest of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from charles.events import Checkpoint, Span, now
from charles.labels.outputs import OUTPUTS
from charles.version import VERSION

WEIGHTS = "weights"
STATE = "state"
"""The kinds of checkpoints: weights for players, and state for trainers to resume from."""


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """The fields that every checkpoint of a training shares. architecture: the network's digest; picture: (width,
    height), pixels; outputs: as they are written, with their classes; frames: that it sees; epoch: of the
    configuration; recording: digest of the recording that it is trained on, empty for live training."""

    model: str
    line: str
    architecture: str
    picture: tuple[int, int]
    outputs: tuple[str, ...] = OUTPUTS
    frames: int = 1
    epoch: int = -1
    recording: str = ""

    def manifest(
        self,
        kind: str,
        batch: int,
        artefact: str,
        *,
        size: int,
        sha256: str,
        first_offset: int = 0,
        chunks: int = 0,
        spans: Sequence[Span] = (),
        parents: Sequence[str] = (),
    ) -> Checkpoint:
        """The manifest of one checkpoint. size, sha256: of its file, bytes and hex; first_offset, chunks: where it lies
        on the topic `weights`, 0 chunks: in a file; spans: what it was trained on; parents: by transfer."""
        return Checkpoint(
            model=self.model,
            line=self.line,
            kind=kind,
            batch=batch,
            artefact=artefact,
            architecture=self.architecture,
            picture_width=self.picture[0],
            picture_height=self.picture[1],
            time=now(),
            first_offset=first_offset,
            chunks=chunks,
            size=size,
            sha256=sha256,
            code=VERSION,
            spans=list(spans),
            parents=list(parents),
            outputs=list(self.outputs),
            frames=self.frames,
            epoch=self.epoch,
            recording=self.recording,
        )


def key(manifest: Checkpoint) -> str:
    """Of a manifest's record on the topic `models`."""
    return f"{manifest.model}@{manifest.batch}/{manifest.kind}"
