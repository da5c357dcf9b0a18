"""What a model predicts, and which label of a sample it learns from."""

from __future__ import annotations

from charles.events import Control, Sample

OUTPUTS = ("acceleration_braking", "steering")


def labels(event: Control | Sample) -> dict[str, float]:
    """The labels of one tick, by output, each in [-1, 1]."""
    return {"acceleration_braking": event.acceleration_braking, "steering": event.steering}
