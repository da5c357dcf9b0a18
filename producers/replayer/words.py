"""Times and amounts as a replay tells them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_BEGAN = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_MS = 253_402_300_800_000
"""The end of the year 9999, which is as far as dates go."""


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
