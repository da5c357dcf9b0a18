"""Moments and spans of a recording, as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from charles.events import Moment
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import NO_TIMESTAMP

_AFTER = re.compile(r"\+(?=.)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SPAN = re.compile(r"(?P<collector>[^/]+)/(?P<run>[^:]+):(?P<first>\d+)-(?P<last>\d+)")


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
            raise RecordingError(f"{text!r} is no span: write collector/run:first-last, both ticks included")
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
    """Milliseconds since 1970 of a time as ISO 8601, which is UTC unless it says otherwise, or as +1h2m3.5s from the
    recording's beginning. Raises RecordingError."""
    after = _AFTER.fullmatch(text)
    if after is not None:
        hours, minutes, seconds = (float(part or 0) for part in after.groups())
        return bounds(recording)[0] + round(1000 * (3600 * hours + 60 * minutes + seconds))
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise RecordingError(
            f"{text!r} is no time: write 2026-01-31T12:00:00 (UTC), or +1h2m3s from the recording's beginning"
        ) from None
    return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


def length(text: str) -> float:
    """Seconds, of 500ms, 3s, 2m or 1h. Raises RecordingError."""
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise RecordingError(f"{text!r} is no length of time: write 3s, 500ms, 2m or 1h")
    return float(found[1]) * _SECONDS[found[2]]


def told(timestamp: int) -> str:
    """Milliseconds since 1970 as people read them, UTC."""
    return f"{datetime.fromtimestamp(timestamp / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
