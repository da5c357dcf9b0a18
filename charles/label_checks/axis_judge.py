"""The two axes of a car, and how the motion of each is judged by its control.

Where the peak of a Response may lie. Motion follows its control: at once in a stepped game, where the control of a tick
moves the car until the next (lag 0 in the city, 0 or 1 in CarRacing, whose wheels turn a little later), a few ticks
later in a game that reads its controller late and shows its screen later still. A control that is recorded together
with what it has just done may come one tick after it. So a peak at EARLIEST..LATEST is good; one before that is a label
that comes after its effect, one behind it a label that comes too early. Labels that are shifted by 5 ticks either way
lie well outside, in both games: of 3,000 windows of 20 s the surest peak lies within in all but a few, and outside in
all but a few once labels are shifted so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from charles.label_checks import constant_signals
from charles.label_checks.impulse_response import BLOCK_TICKS, LAGS, REACH_TICKS, ImpulseResponse, ResponseFit
from charles.label_checks.run_data import FindingKind, Flags, Floats
from charles.label_checks.segments import Segment

EARLIEST, LATEST = -1, 3
SEARCHED_TICKS = 12
"""Ticks either way; the outermost lags stand for all beyond them, and mean nothing."""
MARGIN = 1.5
"""Standard errors by which a peak must be surer than any that speaks against it, over a whole span."""
OPPOSED, CONTRARY = -0.3, -0.6
"""Correlations of control and motion: their senses are opposite below the one if the peak is so too, below the other in
any case. Of 20 s of good driving 99 in 100 have 0.16 or more."""
UNRELATED_CORRELATION = 0.3
_ANSWER_TICKS = 10  # ticks within which the motion has answered, for plain correlations
_VARIED_STD = 0.03


@dataclass(frozen=True, slots=True)
class JudgedAxis:
    """window: blocks that are judged at a time; strong, certain: standard errors of a peak that counts, in a window
    and over a span; unsure: below which there is no peak at all in `long` blocks."""

    name: Literal["steering", "pedals"]
    motion: str
    window: int
    strong: float
    certain: float
    unsure: float
    inverted: FindingKind
    unexplaining: FindingKind
    long: int = 10


STEERING = JudgedAxis(
    "steering", "yaw rate", 4, 4.0, 5.0, 1.8, FindingKind.STEERING_INVERTED, FindingKind.STEERING_UNEXPLAINING
)
PEDALS = JudgedAxis("pedals", "speed", 6, 3.0, 4.0, 1.5, FindingKind.PEDALS_INVERTED, FindingKind.PEDALS_UNEXPLAINING)


@dataclass(frozen=True, slots=True)
class Verdict:
    """fine: the motion answers as it should; kind: what is wrong; neither: nothing can be said. lag: of the peak;
    sure: of it, in standard errors; correlation: of control and motion, the strongest within a third of a second."""

    kind: FindingKind | None = None
    fine: bool = False
    lag: int = 0
    sure: float = 0.0
    correlation: float = 0.0


class AxisJudge:
    """Judges one axis over any blocks of one piece."""

    def __init__(self, axis: JudgedAxis, piece: Segment) -> None:
        self.axis = axis
        self._counts = piece.counts
        self._control = piece.steering if axis is STEERING else piece.pedals
        other = piece.pedals if axis is STEERING else piece.steering
        motion = piece.yaw_rate if axis is STEERING else piece.speed
        self._moved = motion if axis is STEERING else np.diff(motion, append=motion[-1:])
        present = _turning(piece) if axis is STEERING else _driving(piece)
        self.direct = _response(self._control, motion, present, piece.counts)
        self.crossed = _response(other, motion, present, piece.counts)
        self.blocks = self.direct.blocks

    def verdict(self, first: int, last: int, strong: float, margin: float) -> Verdict:
        """Over blocks first to last, the last not included."""
        answer = self.direct.over(first, last)
        if answer is None:
            return Verdict()
        correlation = self.correlation(first, last)
        crossed = self.crossed.over(first, last) if self.axis is STEERING else None
        if crossed is not None and _surest(crossed) > max(strong, 2 * _absolute(answer), _absolute(answer) + margin):
            lag = EARLIEST + int(np.abs(_part(crossed, EARLIEST, LATEST)).argmax())
            return Verdict(FindingKind.SWAPPED, False, lag, _surest(crossed), correlation)
        against = -answer.least(0, LATEST)
        if correlation <= CONTRARY or (
            correlation <= OPPOSED and against >= answer.most(-SEARCHED_TICKS, SEARCHED_TICKS) + margin
        ):
            if against >= self.axis.strong:
                return Verdict(self.axis.inverted, False, 0, against, correlation)
            return Verdict(correlation=correlation)
        good = answer.most(EARLIEST, LATEST)
        lag = answer.best(-SEARCHED_TICKS, SEARCHED_TICKS)
        peak = answer.most(-SEARCHED_TICKS, SEARCHED_TICKS)
        if peak >= max(strong, good + margin):
            return Verdict(FindingKind.SHIFTED, False, lag, peak, correlation)
        fine = good >= strong and good == peak
        return Verdict(None, fine, lag if fine else 0, good, correlation)

    def unexplained(self, first: int, last: int) -> Verdict | None:
        """Whether the motion shows nothing of a control that changes, over blocks first to last, the last not
        included; None where it does, or where there is nothing to show."""
        answer = self.direct.over(first, last)
        control, moved = self._used(first, last, 0)
        if answer is None or control.std() < _VARIED_STD or moved.std() == 0:
            return None
        correlation, sure = self.correlation(first, last), _absolute(answer)
        if sure >= self.axis.unsure or abs(correlation) >= UNRELATED_CORRELATION:
            return None
        return Verdict(self.axis.unexplaining, False, 0, sure, correlation)

    def correlation(self, first: int, last: int) -> float:
        """The strongest plain correlation of the control with the motion that comes at most a third of a second
        later."""
        found = [_correlation(*self._used(first, last, later)) for later in range(0, _ANSWER_TICKS, 3)]
        return max(found, key=abs)

    def _used(self, first: int, last: int, later: int) -> tuple[Floats, Floats]:
        begin, end = self.direct.rows(first, last)
        rows = np.arange(begin, end) + ResponseFit.first
        rows = rows[self._counts[rows] & self._counts[rows + later]]
        return self._control[rows], self._moved[rows + later]


def _response(control: Floats, motion: Floats, present: Floats, counts: Flags) -> ResponseFit:
    """Of a control where it moves: one that stays is judged by constant_signals.py."""
    return ResponseFit(control, motion, present, counts & ~constant_signals.steady(control, BLOCK_TICKS))


def _turning(piece: Segment) -> Floats:
    """What the yaw rate's change depends on besides steering: grip and how the body lags."""
    return np.stack([piece.yaw_rate, piece.yaw_rate * piece.speed / 10, np.ones(len(piece.speed))])


def _driving(piece: Segment) -> Floats:
    """What the speed's change depends on besides the pedals: drag, and what turning costs."""
    speed, turning = piece.speed / 10, np.abs(piece.yaw_rate)
    return np.stack([speed, speed**2, turning, turning * speed, np.ones(len(speed))])


def _part(answer: ImpulseResponse, low: int, high: int) -> Floats:
    return answer.sure[(low <= LAGS) & (high >= LAGS)]


def _surest(answer: ImpulseResponse) -> float:
    """In either sense, where an answer may be."""
    return float(np.abs(_part(answer, EARLIEST, LATEST)).max())


def _absolute(answer: ImpulseResponse) -> float:
    """In either sense, wherever."""
    return float(np.abs(_part(answer, -SEARCHED_TICKS, SEARCHED_TICKS)).max())


def _correlation(a: Floats, b: Floats) -> float:
    if len(a) < 2 * REACH_TICKS:
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else 0.0
