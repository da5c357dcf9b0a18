"""Controls that do not fit the motion: inverted, swapped, shifted, or unrelated. Windows are judged one by one; those
that agree make a span, which is judged anew as a whole, and whose edges are then looked for tick by tick."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from charles.label_checks.axis_judge import EARLIEST, LATEST, MARGIN, PEDALS, STEERING, AxisJudge, JudgedAxis, Verdict
from charles.label_checks.impulse_response import REACH_TICKS, ResponseFit
from charles.label_checks.messages import words
from charles.label_checks.run_data import Driven, Finding, FindingKind, Floats
from charles.label_checks.segments import Segment, pieces
from charles.pacing import HZ

_WINDOW_MARGIN = 1.0
_LAGS_APART = 2
_FAR_SHIFTS = tuple(range(20, 61, 20)) + tuple(range(-20, -61, -20))
_FAR_MARGIN = 2.0
"""Standard errors that a far shift must be surer than a near one: it is looked for at many more lags."""
_SHORTEST_SPAN_TICKS = 10 * HZ
"""Ticks of a span: what a moment says most of is that moment, not how the run was recorded."""
_SNAP_TICKS = 3 * HZ
"""Ticks from a piece's end within which an edge is that end."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Blocks first to last, the last not included."""

    verdict: Verdict
    first: int
    last: int


def findings(driven: Driven) -> list[Finding]:
    """Of each axis and each piece of the run."""
    found = []
    for piece in pieces(driven):
        for axis in (STEERING, PEDALS):
            judge = AxisJudge(axis, piece)
            verdicts = _verdicts(judge)
            usual, wrong = _usual(verdicts), _wrong(judge, verdicts)
            if usual is None and not wrong:
                wrong = _far(axis, piece)
            for span in [*wrong, *_unexplained(judge, verdicts, wrong)]:
                first, last = _edges(judge, span, usual)
                if last - first < _SHORTEST_SPAN_TICKS:
                    continue
                rows = int(piece.rows[first]), int(piece.rows[last])
                text, measure = words(axis, span.verdict, usual or 0)
                found.append(driven.found(span.verdict.kind or axis.unexplaining, *rows, text, measure))
    return found


def _windows(judge: AxisJudge, blocks: int) -> list[tuple[int, int]]:
    size = min(blocks, judge.blocks)
    return [(first, first + size) for first in range(judge.blocks - size + 1)]


def _verdicts(judge: AxisJudge) -> list[_Span]:
    axis = judge.axis
    return [
        _Span(judge.verdict(first, last, axis.strong, _WINDOW_MARGIN), first, last)
        for first, last in _windows(judge, axis.window)
    ]


def _wrong(judge: AxisJudge, verdicts: list[_Span]) -> list[_Span]:
    """Spans of windows that agree on what is wrong; between them may be some that say nothing."""
    found = []
    for span in _joined(verdicts):
        whole = judge.verdict(span.first, span.last, judge.axis.certain, MARGIN)
        if whole.kind is span.verdict.kind:
            found.append(_Span(whole, span.first, span.last))
    return found


def _far(axis: JudgedAxis, piece: Segment) -> list[_Span]:
    """Labels of a whole piece that are shifted farther than a Response reaches: up to two seconds."""
    best: list[_Span] = []
    for ticks in _FAR_SHIFTS:
        judge = AxisJudge(axis, piece.earlier(ticks))
        verdict = judge.verdict(0, judge.blocks, axis.certain + _FAR_MARGIN, MARGIN)
        if verdict.fine or verdict.kind is FindingKind.SHIFTED:
            verdict = replace(verdict, kind=FindingKind.SHIFTED, fine=False, lag=verdict.lag - ticks)
            best = max(best, [_Span(verdict, 0, judge.blocks)], key=lambda spans: spans[0].verdict.sure if spans else 0)
    return best


def _joined(verdicts: list[_Span]) -> list[_Span]:
    found: list[_Span] = []
    going_on = False
    for window in verdicts:
        if window.verdict.fine:
            going_on = False
        elif window.verdict.kind is not None:
            if going_on and _agree(found[-1].verdict, window.verdict):
                found[-1] = _Span(found[-1].verdict, found[-1].first, window.last)
            else:
                found.append(window)
            going_on = True
    return found


def _agree(one: Verdict, other: Verdict) -> bool:
    return one.kind is other.kind and (one.kind is not FindingKind.SHIFTED or abs(one.lag - other.lag) <= _LAGS_APART)


def _unexplained(judge: AxisJudge, verdicts: list[_Span], wrong: list[_Span]) -> list[_Span]:
    """Long windows that show nothing of the control; those that overlap make one. Where a part is fine, or wrong in a
    way that has a name, the whole is not unexplained: such parts can cancel."""
    told = [window for window in verdicts if window.verdict.fine]
    found: list[_Span] = []
    if judge.blocks < judge.axis.long:
        return found
    for first, last in _windows(judge, judge.axis.long):
        fine = any(first <= window.first and window.last <= last for window in told)
        if fine or any(span.first < last and first < span.last for span in wrong):
            continue
        if (verdict := judge.unexplained(first, last)) is None:
            continue
        if found and first <= found[-1].last:
            found[-1] = _Span(verdict, found[-1].first, last)
        else:
            found.append(_Span(verdict, first, last))
    return found


def _usual(verdicts: list[_Span]) -> int | None:
    """The lag of a piece's good windows; None where there are none."""
    lags = [window.verdict.lag for window in verdicts if window.verdict.fine]
    return int(np.median(lags)) if lags else None


def _edges(judge: AxisJudge, span: _Span, usual: int | None) -> tuple[int, int]:
    """The first and the last tick of a span, as indices into the piece. Without good windows to set it apart from, it
    is what its windows cover."""
    begin, end = judge.direct.rows(span.first, span.last)
    rows = judge.direct.rows(0, judge.blocks)[1]
    if usual is not None:
        window = judge.axis.window
        low, _ = judge.direct.rows(max(span.first - window, 0), judge.blocks)
        high = judge.direct.rows(0, min(span.last + window, judge.blocks))[1]
        begin, end = _densest(_speaks(judge, span, usual)[low:high])
        begin, end = begin + low, end + low
    first = 0 if begin < _SNAP_TICKS else begin + ResponseFit.first
    last = rows - 1 + 2 * REACH_TICKS + 1 if end > rows - _SNAP_TICKS else end - 1 + ResponseFit.first
    return first, last


def _speaks(judge: AxisJudge, span: _Span, usual: int) -> Floats:
    """(rows,): how much each tick speaks for what is wrong in a span and against the usual answer."""
    direct = judge.direct.evidence()
    right = direct[:, usual + REACH_TICKS]
    within = slice(*judge.direct.rows(span.first, span.last))
    kind, lag = span.verdict.kind, span.verdict.lag
    if kind is FindingKind.SHIFTED:
        speaks: Floats = direct[:, lag + REACH_TICKS] - right
    elif kind is judge.axis.inverted:
        speaks = -direct[:, EARLIEST + REACH_TICKS : LATEST + REACH_TICKS + 1].sum(axis=1)
    elif kind is FindingKind.SWAPPED:
        crossed = judge.crossed.evidence()[:, lag + REACH_TICKS]
        speaks = crossed * np.sign(crossed[within].sum()) - right
    else:
        outside = np.delete(right, np.r_[within])
        speaks = (outside.mean() if len(outside) else 0.0) / 2 - right
    return speaks


def _densest(values: Floats) -> tuple[int, int]:
    """The stretch with the greatest sum: its first index and one after its last."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    lowest = np.minimum.accumulate(sums)
    end = int((sums - lowest).argmax())
    begin = int(sums[: end + 1].argmin())
    return begin, max(end, begin + 1)
