"""Finds ticks that several recordings have, and checks that their records are equal."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import NO_TIMESTAMP, Record
from charles.recordings.format.record_encoding import record_pieces

_Run = tuple[str, str]


class Moments:
    """The moments of one topic. Only those of runs that several recordings hold are remembered; of recordings that are
    not complete, which do not say all their runs, every one."""

    def __init__(self, topic: str, sources: Sequence[Recording]) -> None:
        self._topic = topic
        self._sources = sources
        self._shared = _shared(sources)
        self._seen: dict[_Run, dict[int, tuple[int, bytes]]] = {}

    def is_repeat(self, source: int, record: Record) -> bool:
        """Whether another recording brought this record: key, value and headers are the same. What one recording brings
        again is none. Raises RecordingError where another one brought something else of this moment."""
        moment = record.moment
        if moment is None or (self._shared is not None and moment[:2] not in self._shared):
            return False
        digest = _digest(record)
        first, known = self._seen.setdefault(moment[:2], {}).setdefault(moment[2], (source, digest))
        if first == source:
            return False
        if known != digest:
            collector, run, tick = moment
            one, other = (self._sources[number].folder for number in (first, source))
            raise RecordingError(
                f"{self._topic}: tick {tick} of {collector}/{run} differs between {one} and {other}: drop the run "
                f"from one of them with `charles recordings drop`"
            )
        return True


def _shared(sources: Sequence[Recording]) -> set[_Run] | None:
    """Runs that several recordings hold; None: it may be any."""
    if any(source.manifest.state != "complete" for source in sources):
        return None
    seen: set[_Run] = set()
    shared: set[_Run] = set()
    for source in sources:
        runs = {(collector, run) for collector, every in source.manifest.runs.items() for run in every}
        shared |= runs & seen
        seen |= runs
    return shared


def _digest(record: Record) -> bytes:
    """Of key, value and headers."""
    digest = hashlib.blake2b(digest_size=8)
    for piece in record_pieces(dataclasses.replace(record, offset=0, timestamp=NO_TIMESTAMP, timestamp_type=0)):
        digest.update(piece)
    return digest.digest()
