"""The frames of waiting ticks, read again from the recording."""

from __future__ import annotations

from charles import topics
from charles.avro.codec import Unreadable
from charles.balancing.frame_store import Place, sweeps
from charles.events import Frame
from charles.recordings.format.reader import Recording
from charles.recordings.inspect.recorded_schemas import RecordedSchemas

_SEEK_BEYOND_OFFSETS = 100
"""Offsets that are read through to the next frame that is wanted: three blocks of the file or so."""


class RecordedFrames:
    """Finds frames by the index, and reads through to what lies close ahead."""

    def __init__(self, recording: Recording, schemas: RecordedSchemas) -> None:
        self._recording = recording
        self._schemas = schemas

    def read(self, places: list[Place]) -> dict[Place, bytes]:
        """The pictures at these places, which are sorted. Raises DamagedRecording."""
        found: dict[Place, bytes] = {}
        for sweep in sweeps(places, _SEEK_BEYOND_OFFSETS):
            wanted, (partition, first), last = set(sweep), sweep[0], sweep[-1][1]
            for record in self._recording.read(topics.FRAMES.name, partition, first):
                if record.offset > last:
                    break
                place = partition, record.offset
                if place in wanted and (picture := self._picture(record.value)) is not None:
                    found[place] = picture
        return found

    def close(self) -> None:
        """Nothing stays open."""

    def _picture(self, value: bytes | None) -> bytes | None:
        try:
            return self._schemas.decode(Frame, value).picture
        except Unreadable:
            return None
