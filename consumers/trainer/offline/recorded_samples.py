"""The samples of a recording, one after the other: those that it holds, or those that it makes (the balancer's)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from charles import topics
from charles.avro.codec import Unreadable
from charles.events import Sample
from charles.recordings.format.reader import Recording
from charles.recordings.inspect.recorded_schemas import RecordedSchemas

Numbered = tuple[int, Sample | Unreadable]
"""A sample and its number, which grows and is always the same; or why it cannot be read."""


class Samples(Protocol):
    """share: how much of the recording is read, in [0, 1]."""

    share: float

    def read(self, first: int) -> Iterator[Numbered]:
        """All samples from this number on, in the same order each time. Raises DamagedRecording."""

    def picture(self) -> bytes | None:
        """One of the pictures, a JPEG; None where none can be read. Raises DamagedRecording."""


class BalancedSamples:
    """The recorded topic `balanced`; a sample's number is its offset."""

    def __init__(self, recording: Recording) -> None:
        self.share = 0.0
        self._recording = recording
        self._schemas = RecordedSchemas(recording.manifest)
        self._end = max((each.last_offset + 1 for each in recording.segments(topics.BALANCED.name, 0)), default=1)

    def read(self, first: int) -> Iterator[Numbered]:
        decode, end = self._schemas.decode, self._end
        for record in self._recording.read(topics.BALANCED.name, 0, first):
            self.share = (record.offset + 1) / end
            try:
                yield record.offset, decode(Sample, record.value)
            except Unreadable as problem:
                yield record.offset, problem

    def picture(self) -> bytes | None:
        samples = (sample for _, sample in self.read(0))
        return next((sample.frames[-1] for sample in samples if isinstance(sample, Sample) and sample.frames), None)
