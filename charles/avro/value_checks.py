"""What event dataclasses do not look at, for events come by the thousand and ours are right. Whoever would keep what
somebody else has written looks here."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from charles.avro.codec import Unreadable
from charles.base import latency
from charles.base.limits import ANGLE, DISTANCE, LAST_TICK, SPEED
from charles.events import RunLedger, Sample

PAST_BOUNDS = {
    "history_acceleration": 1.0,
    "history_braking": 1.0,
    "history_steering": 1.0,
    "history_speed": SPEED,
    "history_purpose_distance": DISTANCE,
    "history_purpose_bearing": ANGLE,
}
"""By field, how large its numbers may be, either way."""
_COUNTS = (
    *("seen", "in_bins", "warm_up", "emitted", "surplus", "unmatched", "dead_lettered", "missing"),
    *("repeats", "expired", "late", "dropped", "frames_read", "controls_read"),
)


def check_past(event: Sample | RunLedger) -> None:
    """Raise Unreadable for a past that no game drives, or that is longer in one signal than in another."""
    for name, bound in PAST_BOUNDS.items():
        past: Sequence[float] = getattr(event, name)
        if len(past) != len(event.history_acceleration):
            raise Unreadable(f"{name} has {len(past)} ticks, history_acceleration {len(event.history_acceleration)}")
        if past and not (isfinite(sum(past)) and -bound <= min(past) and max(past) <= bound):
            raise Unreadable(f"{name} must be in [{-bound:g}, {bound:g}]")


def check_ledger(ledger: RunLedger) -> None:
    """Raise Unreadable for one that no balancer counts: it could be neither gone on with nor written again."""
    check_past(ledger)
    counts = [getattr(ledger, name) for name in _COUNTS]
    places = (ledger.settled, ledger.history_last, ledger.stack_last)
    many = [*counts, *ledger.surplus_by.values(), *ledger.latencies]
    if not all(0 <= count <= LAST_TICK for count in many) or not all(-1 <= place <= LAST_TICK for place in places):
        raise Unreadable(f"its counts must be in [0, {LAST_TICK}]")
    if len(ledger.latencies) > len(latency.BOUNDS_S) + 1:
        raise Unreadable(f"it has {len(ledger.latencies)} latencies, and there are {len(latency.BOUNDS_S) + 1}")
