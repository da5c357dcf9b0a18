"""Samples for tests that care about a few of their fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from charles.events import Sample

HISTORY = 60


def sample(**fields: Any) -> Sample:
    """A sample that stands still and sees nothing, but for these fields."""
    past = ("acceleration", "braking", "steering", "speed", "purpose_distance", "purpose_bearing")
    still: dict[str, Any] = {
        "collector": "collector-1",
        "run": "run-1",
        "tick": 60,
        "time": datetime(2026, 1, 2, tzinfo=UTC),
        "set_id": "set-1",
        "set_output": "steering",
        "set_bin": 10,
        "frames": [b""],
        **dict.fromkeys(past, 0.0),
        **{f"history_{signal}": [0.0] * HISTORY for signal in past},
    }
    return Sample(**still | fields)
