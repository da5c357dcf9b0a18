"""What does not change though it should: controls that stay while the car does otherwise, telemetry that stays while it
drives. No correlation is needed for that."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from charles.label_checks.run_data import Driven, Finding, FindingKind, Flags, Floats, spans
from charles.pacing import HZ

SAME_RANGE = 0.01
"""A control that stays within this much is constant: a stick that trembles is."""
CONSTANT_TICKS = 10 * HZ
"""Ticks from which on it is looked at. A car that spins can hold full lock for 7 s."""
_FEW_TICKS = CONSTANT_TICKS // 2
TURNING_YAW_RATE = 0.15
"""rad/s between the 5th and the 95th percentile of the yaw rate: no constant steering gives that."""
SPEED_CHANGE = 1.5
"""m/s that the speed must have risen and fallen in a row, by its means over a second: a constant throttle makes it go
one way."""
FULL, SATURATED, SATURATED_TICKS = 0.99, 0.95, 30 * HZ
"""Beyond this a control is full; full for this share of so many ticks it is saturated. CarRacing's driver, disturbed,
reaches 0.8 in 20 s."""
FROZEN_TICKS = 2 * HZ
MOVING_SPEED = 1.0
_MOVED_M = 2.0
_TURNED_RAD = 0.5


def findings(driven: Driven) -> list[Finding]:
    return frozen(driven) + constant(driven) + saturated(driven)


def constant(driven: Driven) -> list[Finding]:
    """Spans in which the steering, the throttle or the brake stays and the car answers a control that changes."""
    found = []
    moving = driven.speed > MOVING_SPEED
    for name in ("steering", "acceleration", "braking"):
        values = getattr(driven, name)
        for first, last in spans(steady(values, _FEW_TICKS), CONSTANT_TICKS):
            span = slice(first, last + 1)
            value, seconds = float(np.median(values[span])), (last - first + 1) / HZ
            if moving[span].mean() < 0.8 or (name == "braking" and value < 2 * SAME_RANGE):
                continue
            if (against := _contradicted(name, driven.rows(span))) is not None:
                words = (
                    f"{name} stays at {value:.2f} for {seconds:.0f} s while {against}: this axis was not recorded; "
                    f"check which axis the recorder reads, and drop this span"
                )
                found.append(driven.found(FindingKind.CONSTANT, first, last, words, value))
    return found


def saturated(driven: Driven) -> list[Finding]:
    """Spans in which a control is at its end nearly always: scaled wrongly, or keys. A pedal that stays down is not."""
    found = []
    for name, values in (("steering", driven.steering), ("the pedals", driven.pedals)):
        if len(values) < SATURATED_TICKS:
            continue
        full = np.abs(values) >= FULL
        share = sliding_window_view(full & (driven.speed > MOVING_SPEED), SATURATED_TICKS).mean(axis=1)
        for first, last in spans(_covered(share >= SATURATED, SATURATED_TICKS)):
            span = slice(first, last + 1)
            if name != "steering" and abs(np.sign(values[span]).mean()) > SATURATED:
                continue
            words = (
                f"{name} at the limit of the range for {full[span].mean():.0%} of {(last - first + 1) / HZ:.0f} s: "
                f"scaled wrongly, or driven by keys; scale the axis to [-1, 1], or record another driver"
            )
            found.append(driven.found(FindingKind.SATURATED, first, last, words, float(full[span].mean())))
    return found


def frozen(driven: Driven) -> list[Finding]:
    """Spans in which telemetry stays, to the last bit, and the car does not stand."""
    found = []
    whole = stuck(driven)
    alone = [("yaw rate stays", span) for span in _yaw_alone(driven) if not _within(span, whole)]
    for what, (first, last) in [("speed and yaw rate stay", span) for span in whole] + alone:
        seconds = (last - first + 1) / HZ
        words = (
            f"{what} identical for {seconds:.1f} s while the car drives: the telemetry was not updated; drop this span"
        )
        found.append(driven.found(FindingKind.TELEMETRY_FROZEN, first, last, words, seconds))
    return found


def stuck(driven: Driven) -> list[tuple[int, int]]:
    """First and last rows of frozen telemetry."""
    if len(driven) < FROZEN_TICKS:
        return []
    same = (np.diff(driven.speed) == 0) & (np.diff(driven.yaw_rate) == 0)
    rows = [(first, last + 1) for first, last in spans(same, FROZEN_TICKS)]
    return [(a, b) for a, b in rows if driven.speed[a] > MOVING_SPEED or _moved(driven, a, b) > _MOVED_M]


def steady(values: Floats, ticks: int) -> Flags:
    """(n,): whether a value lies in a stretch of so many that stay within SAME_RANGE."""
    if len(values) < ticks:
        return np.zeros(len(values), bool)
    windows = sliding_window_view(values, ticks)
    return _covered(windows.max(axis=1) - windows.min(axis=1) <= SAME_RANGE, ticks)


def _covered(starts: Flags, ticks: int) -> Flags:
    """(n + ticks - 1,): what windows of so many ticks cover that start where it is true."""
    change = np.zeros(len(starts) + ticks, np.int64)
    change[: len(starts)] += starts
    change[ticks:] -= starts
    covered: Flags = np.cumsum(change)[:-1] > 0
    return covered


def _contradicted(name: str, rows: Driven) -> str | None:
    """What the car does that it cannot do under a constant control, in words."""
    if name == "steering":
        low, high = np.percentile(rows.yaw_rate, [5, 95])
        return f"the yaw rate goes from {low:.2f} to {high:.2f} rad/s" if high - low > TURNING_YAW_RATE else None
    seconds = rows.speed[: len(rows) // HZ * HZ].reshape(-1, HZ).mean(axis=1)
    rise = float((seconds - np.minimum.accumulate(seconds)).max())
    fall = float((np.maximum.accumulate(seconds) - seconds).max())
    enough = rise > SPEED_CHANGE and (fall > SPEED_CHANGE or name == "braking")
    return f"the speed rises by {rise:.1f} and falls by {fall:.1f} m/s" if enough else None


def _yaw_alone(driven: Driven) -> list[tuple[int, int]]:
    """First and last rows of a yaw rate that stays while the heading turns otherwise."""
    heading = np.unwrap(driven.heading)
    found = []
    for first, last in spans(np.diff(driven.yaw_rate) == 0, FROZEN_TICKS):
        turned = heading[last + 1] - heading[first]
        if abs(turned - driven.yaw_rate[first] * (last + 1 - first) / HZ) > _TURNED_RAD:
            found.append((first, last + 1))
    return found


def _within(span: tuple[int, int], others: list[tuple[int, int]]) -> bool:
    return any(first <= span[0] and span[1] <= last for first, last in others)


def _moved(driven: Driven, first: int, last: int) -> float:
    return float(np.hypot(driven.x[last] - driven.x[first], driven.y[last] - driven.y[first]))
