"""Times and durations, as people write and read them. Pure.

A duration is read as numbers with units (ms, s, m or min, h, d), such as 500ms, 90s, 1.5h or 1h2m3s, or as h:mm:ss. It
is written as h:mm:ss, or, where it is short or a figure of its own, as one number with its unit: 0.31 s, 2.5 min.

A time is read as ISO 8601, as a duration "ago", or as + and a duration from a beginning, where there is one. It is
written as 2026-01-31T20:05:00.120Z where somebody may paste it into a command, as 2026-01-31 20:05:00 UTC in tables.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, tzinfo

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_END_OF_DATES_MS = 253_402_300_800_000
"""The end of the year 9999."""
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_NUMBER = r"(\d+(?:\.\d*)?|\.\d+)"
_PART = re.compile(rf"{_NUMBER}\s*(ms|min|[smhd])\s*")
_PARTS = re.compile(rf"(?:{_PART.pattern})+")
_CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)")
_AGO = re.compile(r"(.+?)\s+ago")


def read_duration(text: str) -> float:
    """Seconds. Raises ValueError, which says what is accepted."""
    seconds = _seconds(text.strip())
    if seconds is None:
        raise ValueError(f"{text!r} is not a valid duration: write 90s, 500ms, 1.5h, 1m30s or 0:01:30")
    return seconds


def read_time(text: str, now: datetime, beginning: datetime | None = None, zone: tzinfo | None = UTC) -> datetime:
    """A time in UTC. Raises ValueError, which says what is accepted.

    beginning: what +1m30s counts from; None: nothing. Without one a mere duration is so long ago; with one it might
    mean either, and is refused. zone: of a time that names none; None: the local one.
    """
    try:
        if (time := _relative(text.strip(), now, beginning)) is not None:
            return time
        time = datetime.fromisoformat(text.strip())
        return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        where = "local time" if zone is None else str(zone)
        after = ", or +1m30s from the beginning" if beginning is not None else ""
        raise ValueError(f"{text!r} is not a valid time: write 2026-01-31T12:00:00 ({where}), 10m ago{after}") from None


def iso(ms: int) -> str:
    """A time that read_time() takes: 2026-01-31T20:05:00.120Z. ms: since 1970."""
    if not 0 <= ms < _END_OF_DATES_MS:
        return f"{ms} ms"
    return of_ms(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc(time: datetime) -> str:
    """2026-01-31 20:05:00 UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def local(time: datetime) -> str:
    """2026-01-31 20:05:00, where this machine is."""
    return f"{time.astimezone():%Y-%m-%d %H:%M:%S}"


def local_clock(time: datetime) -> str:
    """20:05:00, where this machine is."""
    return f"{time.astimezone():%H:%M:%S}"


def h_mm_ss(seconds: float) -> str:
    """How long, to the second: 0:00:07, 1:02:03, 49:00:00. Less than nothing is written as nothing."""
    minutes, rest = divmod(max(round(seconds), 0), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def short(seconds: float) -> str:
    """How long, as three figures and a unit: 0.31 s, 12 s, 2.5 min, 26 h, 7 d."""
    for unit, least in (("d", 2 * 86_400), ("h", 2 * 3600), ("min", 120)):
        if seconds >= least:
            return f"{float(f'{seconds / _UNITS_S[unit]:.3g}'):g} {unit}"
    return f"{seconds:.3g} s"


def of_ms(ms: float) -> datetime:
    """ms: since 1970. Raises OverflowError beyond the year 9999."""
    return _1970 + timedelta(milliseconds=ms)


def to_ms(time: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (time - _1970) // timedelta(milliseconds=1)


def _relative(text: str, now: datetime, beginning: datetime | None) -> datetime | None:
    """A time that is written as a duration; None where it is not. Raises OverflowError."""
    ago = _AGO.fullmatch(text)
    if beginning is not None and text.startswith("+"):
        after = _seconds(text[1:])
        return None if after is None else beginning + timedelta(seconds=after)
    if ago is None and beginning is not None:
        return None
    before = _seconds(ago[1] if ago else text)
    return None if before is None else now - timedelta(seconds=before)


def _seconds(text: str) -> float | None:
    seconds = math.inf
    if _PARTS.fullmatch(text):
        seconds = sum(float(number) * _UNITS_S[unit] for number, unit in _PART.findall(text))
    elif clock := _CLOCK.fullmatch(text):
        seconds = 3600 * float(clock[1]) + 60 * float(clock[2]) + float(clock[3])
    return seconds if math.isfinite(seconds) else None
