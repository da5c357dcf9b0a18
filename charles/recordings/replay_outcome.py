"""What came of a replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReplayOutcome:
    """What came of a replay. records: by topic; bytes: of their values; position_ms: the recorded time that was
    reached; passes: how often it began; complete: whether it came to the end, rather than that somebody stopped it;
    undelivered: records of which nobody knows whether they are there; unread: values that kept their old run; surplus:
    records by topic that came beside those that were sent, where the broker was away (duplicate_check.py); None: it was
    away, and is, so nobody can tell."""

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
