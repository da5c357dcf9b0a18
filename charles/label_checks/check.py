"""All checks of one run, and which finding says more than which other."""

from __future__ import annotations

from charles.label_checks import clock, constant_signals, control_vs_motion, pictures
from charles.label_checks.run_data import Driven, Finding, FindingKind

_RANK = (
    frozenset({FindingKind.TELEMETRY_FROZEN, FindingKind.CONSTANT}),
    frozenset({FindingKind.SWAPPED}),
    frozenset({FindingKind.STEERING_INVERTED, FindingKind.PEDALS_INVERTED, FindingKind.SATURATED}),
    frozenset({FindingKind.SHIFTED}),
    frozenset({FindingKind.STEERING_UNEXPLAINING, FindingKind.PEDALS_UNEXPLAINING}),
)
"""What makes motion and controls disagree, most telling first. Where one holds, those after it are its consequence."""


def findings(driven: Driven) -> list[Finding]:
    """Everything that is wrong with a run's labels, in the order of its ticks. Pure; a run too short to be judged (10 s
    of driving for most checks) has no findings."""
    told: list[Finding] = []
    related = [*constant_signals.findings(driven), *control_vs_motion.findings(driven)]
    for found in sorted(related, key=_rank):
        if not any(_explains(other, found) for other in told):
            told.append(found)
    told += clock.findings(driven) + pictures.frozen(driven)
    return sorted(told, key=lambda found: (found.first_tick, found.last_tick, found.kind))


def _rank(found: Finding) -> int:
    return next(rank for rank, kinds in enumerate(_RANK) if found.kind in kinds)


def _explains(one: Finding, other: Finding) -> bool:
    """Whether the one, which holds in half of the other's span or more, leaves nothing to say for the other: because it
    ranks above, or because the other axis says the same."""
    shared = min(one.last_tick, other.last_tick) - max(one.first_tick, other.first_tick)
    again = one.kind is other.kind is FindingKind.SHIFTED
    return (again or _rank(one) < _rank(other)) and shared > (other.last_tick - other.first_tick) / 2
