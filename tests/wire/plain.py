"""Events as plain values, so that what was read long ago can be compared with what is read now."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from charles.events import (
    Checkpoint,
    Command,
    ConfigChange,
    Control,
    DeadLetter,
    DrivingFrame,
    Frame,
    RunLedger,
    Sample,
    Status,
    TrainingStep,
    Waiting,
    WeightChunk,
)

OF_TOPIC: dict[str, type] = {
    "frames": Frame,
    "controls": Control,
    "balanced": Sample,
    "weights": WeightChunk,
    "models": Checkpoint,
    "training": TrainingStep,
    "driving": DrivingFrame,
    "config": ConfigChange,
    "commands": Command,
    "status": Status,
    "deadletter": DeadLetter,
}
"""Topics of one kind of event; `balancer-state` has two, and `schemas` none."""


def event_of(topic: str, key: bytes | None) -> type:
    """What a record of this topic is."""
    if topic == "balancer-state":
        return RunLedger if key is not None and key.startswith(b"ledger/") else Waiting
    return OF_TOPIC[topic]


def plain(value: Any, names: Sequence[str] | None = None) -> Any:
    """As JSON would have it; long bytes by their length and SHA-256. names: the fields of an event that matter, None:
    all."""
    if dataclasses.is_dataclass(value):
        fields = names or [field.name for field in dataclasses.fields(value)]
        return {name: plain(getattr(value, name)) for name in fields}
    if isinstance(value, bytes | bytearray | memoryview):
        whole = bytes(value)
        return whole.hex() if len(whole) <= 32 else f"{len(whole)} bytes, {hashlib.sha256(whole).hexdigest()}"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(value[key]) for key in sorted(value)}
    if isinstance(value, str) or not isinstance(value, Iterable):
        return value
    return [plain(each) for each in value]


def digest(values: Iterable[Any]) -> str:
    """The SHA-256 of plain values, in their order."""
    whole = hashlib.sha256()
    for value in values:
        whole.update(json.dumps(value, sort_keys=True).encode() + b"\n")
    return whole.hexdigest()
