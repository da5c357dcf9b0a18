"""Follows a model: yields its newest complete checkpoint whenever a newer one appears."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator

from charles.checkpoints.identity import WEIGHTS
from charles.checkpoints.integrity import DamagedArtefact, MissingChunks
from charles.checkpoints.packing import Arrays
from charles.checkpoints.topic_readers import Chunks, Manifests
from charles.events import Checkpoint
from charles.kafka.dead_letters import DeadLetters
from charles.settings import Kafka

log = logging.getLogger(__name__)


class ModelFollower:
    """Yields a model's checkpoints as they appear: complete, undamaged, of this architecture, always the newest.

    counts: skipped checkpoints by reason: unreadable, architecture, missing, damaged.
    """

    def __init__(self, kafka: Kafka, model: str, architecture: str, program: str = "player") -> None:
        self._model = model
        self._architecture = architecture
        dead_letters = DeadLetters(kafka, program)
        self._manifests = Manifests(kafka, dead_letters)
        self._chunks = Chunks(kafka, dead_letters)
        self._yielded = -1  # offset of the manifest that was yielded last
        self._interrupted = False  # by a broker that went away while chunks were read
        self._refused: set[str] = set()
        self._refusals: Counter[str] = Counter()

    @property
    def counts(self) -> dict[str, int]:
        return {**self._refusals, "unreadable": self._manifests.unreadable}

    def poll(self, timeout_s: float = 0.0) -> tuple[Checkpoint, Arrays] | None:
        """A newer checkpoint than the last one; None if none came within timeout_s, not counting the time to fetch it.
        Raises KafkaException and TimeoutError while the broker is unreachable; no checkpoint is skipped for that.
        """
        deadline = time.monotonic() + timeout_s
        while self._manifests.read(max(deadline - time.monotonic(), 0.0)) or self._interrupted:
            self._interrupted = True
            for offset, manifest in self._newer():
                try:
                    arrays = self._fetch(manifest)
                except (DamagedArtefact, MissingChunks) as problem:
                    self._refuse(manifest, problem)
                else:
                    self._yielded, self._interrupted = offset, False
                    return manifest, arrays
            self._interrupted = False
        return None

    def close(self) -> None:
        self._manifests.close()
        self._chunks.close()

    def _newer(self) -> Iterator[tuple[int, Checkpoint]]:
        self._refused &= {manifest.artefact for _, manifest in self._manifests.living.values()}
        for offset, manifest in reversed(self._manifests.living.values()):
            if offset <= self._yielded:
                return
            wanted = manifest.model == self._model and manifest.kind == WEIGHTS
            if wanted and manifest.artefact not in self._refused:
                yield offset, manifest

    def _fetch(self, manifest: Checkpoint) -> Arrays:
        if manifest.architecture != self._architecture:
            raise _AnotherArchitecture(
                f"its architecture is {manifest.architecture[:12]} (line {manifest.line}, pictures "
                f"{manifest.picture_width}x{manifest.picture_height}, outputs {' '.join(manifest.outputs)}), "
                f"not {self._architecture[:12]}"
            )
        return self._chunks.fetch(manifest)

    def _refuse(self, manifest: Checkpoint, problem: DamagedArtefact | MissingChunks) -> None:
        reason = {MissingChunks: "missing", DamagedArtefact: "damaged"}.get(type(problem), "architecture")
        self._refusals[reason] += 1
        self._refused.add(manifest.artefact)
        log.warning("skipping %s: %s", manifest.artefact, problem)


class _AnotherArchitecture(DamagedArtefact):
    pass
