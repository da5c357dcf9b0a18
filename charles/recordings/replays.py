"""The outcome of a replay, and how its times are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_BEGAN = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_MS = 253_402_300_800_000
"""The end of the year 9999, which is as far as dates go."""


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """What came of a replay. records: by topic; bytes: of their values; position_ms: the recorded time that was
    reached; passes: how often it began; complete: whether it came to the end, rather than that somebody stopped it;
    undelivered: records of which nobody knows whether they are there; unread: values that kept their old run; surplus:
    records by topic that came beside those that were sent, where the broker was away (replayer/twice.py); None: it
    was away, and is, so nobody can tell."""

    prefix: str
    records: Mapping[str, int]
    bytes: int
    late: int
    position_ms: int
    passes: int
    complete: bool
    undelivered: int
    unread: int
    surplus: Mapping[str, int] | None


def clock(ms: int) -> str:
    """A time, as --since takes it: 2026-01-31T20:05:00.120Z. ms: since 1970."""
    if not 0 <= ms < _MOST_MS:
        return f"{ms} ms"
    return (_BEGAN + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span(ms: float) -> str:
    """How long: 0:07, 12:30, 1:02:03."""
    seconds = max(round(ms / 1000), 0)
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes}:{seconds % 60:02d}"


def size(count: int) -> str:
    """Bytes: 340 B, 1.5 MiB."""
    for unit, word in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= unit:
            return f"{count / unit:.1f} {word}"
    return f"{count} B"
