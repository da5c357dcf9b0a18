"""THE topic table: one row per topic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from charles import events

MIB = 1 << 20
GIB = 1 << 30
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FOR_EVER = -1
AFTER_MAX = "message.timestamp.after.max.ms"
"""By how much a record's time may be ahead of the broker's: since Kafka 4.0, an hour where nobody says."""
_LATEST = (1 << 63) - 1
UNBOUNDED = -1


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. key: what a record's key says; event: what its value is; keep_ms, keep_bytes: what stays, keep_bytes
    over all partitions; segment_ms, segment_bytes: retention and compaction work on whole closed segments."""

    name: str
    key: str
    event: type
    partitions: int
    keep_ms: int
    keep_bytes: int
    segment_bytes: int
    segment_ms: int = 7 * DAY
    compact: bool = False

    def config(self) -> dict[str, str]:
        """The topic's configuration as Kafka spells it."""
        per_partition = UNBOUNDED if self.keep_bytes == UNBOUNDED else self.keep_bytes // self.partitions
        config: dict[str, Any] = {
            "cleanup.policy": "compact" if self.compact else "delete",
            "retention.ms": self.keep_ms,
            "retention.bytes": per_partition,
            "segment.bytes": self.segment_bytes,
            "segment.ms": self.segment_ms,
            "max.message.bytes": 2 * MIB,
            AFTER_MAX: _LATEST,  # else a clock an hour ahead loses every tick
        }
        if self.compact:
            config["min.cleanable.dirty.ratio"] = 0.2
        return {name: str(value) for name, value in config.items()}


# fmt: off
FRAMES         = Topic("frames",         "collector",             events.Frame,        6, FOR_EVER,    12 * GIB,  128 * MIB)
CONTROLS       = Topic("controls",       "collector",             events.Control,      6, FOR_EVER,    768 * MIB, 16 * MIB)
BALANCED       = Topic("balanced",       "set id",                events.Sample,       1, FOR_EVER,    4 * GIB,   128 * MIB)
BALANCER_STATE = Topic("balancer-state", "what waits, or ledger", events.RunLedger,    6, FOR_EVER,    UNBOUNDED, 16 * MIB, 10 * MINUTE, compact=True)
WEIGHTS        = Topic("weights",        "model",                 events.WeightChunk,  1, FOR_EVER,    8 * GIB,   64 * MIB)
MODELS         = Topic("models",         "model@batch/kind",      events.Checkpoint,   1, FOR_EVER,    UNBOUNDED, 16 * MIB, DAY, compact=True)
TRAINING       = Topic("training",       "model",                 events.TrainingStep, 1, 7 * DAY,     1 * GIB,   64 * MIB)
DRIVING        = Topic("driving",        "player",                events.DrivingFrame, 1, 10 * MINUTE, 512 * MIB, 64 * MIB, MINUTE)
CONFIG         = Topic("config",         "scope",                 events.ConfigChange, 1, FOR_EVER,    UNBOUNDED, 16 * MIB)
COMMANDS       = Topic("commands",       "target",                events.Command,      1, HOUR,        16 * MIB,  4 * MIB,  10 * MINUTE)
STATUS         = Topic("status",         "program instance",      events.Status,       1, HOUR,        64 * MIB,  8 * MIB,  10 * MINUTE)
SCHEMAS        = Topic("schemas",        "fingerprint",           dict,                1, FOR_EVER,    UNBOUNDED, 16 * MIB, DAY, compact=True)
DEADLETTER     = Topic("deadletter",     "source topic",          events.DeadLetter,   1, 7 * DAY,     1 * GIB,   64 * MIB)
# fmt: on

TOPICS = (
    FRAMES, CONTROLS, BALANCED, BALANCER_STATE, WEIGHTS, MODELS, TRAINING, DRIVING, CONFIG,
    COMMANDS, STATUS, SCHEMAS, DEADLETTER,
)  # fmt: skip
