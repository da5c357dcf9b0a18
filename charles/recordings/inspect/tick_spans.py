"""Spans of ticks and times of a recording, as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from charles.base.headers import Moment
from charles.base.time_format import of_ms, read_duration, read_time, to_ms
from charles.events import now
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import NO_TIMESTAMP

_SPAN = re.compile(r"(?P<collector>[^/]+)/(?P<run>[^:]+):(?P<first>[0-9]{1,16})-(?P<last>[0-9]{1,16})")


@dataclass(frozen=True, slots=True)
class TickSpan:
    """Ticks of a run, both ends included."""

    collector: str
    run: str
    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> TickSpan:
        """From collector/run:first-last. Raises RecordingError."""
        found = _SPAN.fullmatch(text)
        if found is None or int(found["first"]) > int(found["last"]):
            raise RecordingError(f"{text!r} is not a valid span: write collector/run:first-last, both ticks included")
        return cls(found["collector"], found["run"], int(found["first"]), int(found["last"]))

    def __contains__(self, moment: Moment) -> bool:
        collector, run, tick = moment
        return (collector, run) == (self.collector, self.run) and self.first <= tick <= self.last

    def __str__(self) -> str:
        return f"{self.collector}/{self.run}:{self.first}-{self.last}"


def bounds(recording: Recording) -> tuple[int, int]:
    """The earliest and the latest timestamp, milliseconds since 1970; -1 where there is none."""
    timed = [each for each in recording.lengths.values() if each.first_timestamp != NO_TIMESTAMP]
    first = min((each.first_timestamp for each in timed), default=NO_TIMESTAMP)
    return first, max((each.last_timestamp for each in timed), default=NO_TIMESTAMP)


def moment(text: str, recording: Recording) -> int:
    """Milliseconds since 1970 of a time; + and a duration counts from the recording's beginning. Raises
    RecordingError."""
    try:
        return to_ms(read_time(text, now(), of_ms(bounds(recording)[0])))
    except OverflowError:
        raise RecordingError(f"{recording.folder}: its first timestamp lies beyond the year 9999") from None
    except ValueError as problem:
        raise RecordingError(str(problem)) from None


def length(text: str) -> float:
    """Seconds of a duration. Raises RecordingError."""
    try:
        return read_duration(text)
    except ValueError as problem:
        raise RecordingError(str(problem)) from None
