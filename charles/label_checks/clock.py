"""The clock against the ticks: 30 ticks are a second, whatever the machine's clock was set to meanwhile.

A stepped game at another pace (collect.pace max, or a machine that is too slow) is no junk: its world moves by a tick
at each tick, however long that takes. So a drift is reported only where the world follows the clock instead of the
ticks, and a pause only of runs that go in real time.
"""

from __future__ import annotations

import numpy as np

from charles.label_checks.run_data import Driven, Finding, FindingKind, Floats, Integers
from charles.pacing import HZ

TOLERANCE_S = 0.5
"""A tick may come so much too late: a busy machine's do."""
DRIFT_SHARE = 0.05
"""Share by which the time of a tick may differ from 1/30 s."""
_MICROSECONDS_A_SECOND = 1_000_000
_LONG_ENOUGH_TICKS = 10 * HZ
_MOVING_SPEED = 1.0


def jumps(tick: Integers, time: Integers, tolerance_s: float = TOLERANCE_S) -> list[tuple[int, float]]:
    """Rows before which the clock jumped, and by how much, seconds: between two rows it advanced by so much more than
    the ticks between them take, or it went back. Pauses of runs that do not go in real time are none."""
    if len(tick) < 2:
        return []
    ticks, step = np.diff(tick), np.diff(time)
    pace = float(np.median(step / ticks))
    real = abs(pace * HZ / _MICROSECONDS_A_SECOND - 1) < 0.5
    extra = (step - pace * ticks) / _MICROSECONDS_A_SECOND
    jumped = (step < 0) | ((extra > tolerance_s) & real)
    return [(int(row) + 1, float(extra[row])) for row in np.flatnonzero(jumped)]


def findings(driven: Driven) -> list[Finding]:
    """The jumps, and the drift of the whole run."""
    found = [_jump(driven, row, seconds) for row, seconds in jumps(driven.tick, driven.time)]
    return found + _drift(driven)


def _jump(driven: Driven, row: int, seconds: float) -> Finding:
    if seconds < 0:
        meaning = "the machine's clock was set; the order of ticks is correct, but times and latencies are wrong"
    elif _moved(driven, row) > 2 * _usual(driven):
        meaning = "the world went on without being recorded: histories across this gap are invalid; drop 60 ticks"
    else:
        meaning = "the world stood still meanwhile: the collector was delayed, or the machine's clock was set"
    way = "back" if seconds < 0 else "forward"
    words = f"the clock jumps {way} by {abs(seconds):.2f} s between two ticks: {meaning}"
    return driven.found(FindingKind.CLOCK_JUMP, row - 1, row, words, seconds)


def _drift(driven: Driven) -> list[Finding]:
    """Whether the clock stands, or the world follows one that goes at another pace than the ticks: a game in real time
    that was not recorded 30 times a second."""
    if len(driven) < _LONG_ENOUGH_TICKS:
        return []
    pace = float(np.median(np.diff(driven.time) / np.diff(driven.tick))) / _MICROSECONDS_A_SECOND
    if pace <= 0:
        words = (
            "most ticks have the time of the tick before: the clock was not read again; times and latencies are wrong"
        )
        return [driven.found(FindingKind.CLOCK_DRIFT, 0, len(driven) - 1, words, -1.0)]
    world, off = _usual(driven), pace * HZ - 1
    if abs(off) < DRIFT_SHARE or not world or abs(world / pace - 1) > DRIFT_SHARE:
        return []
    words = (
        f"a tick takes {pace * 1000:.1f} ms, by the clock and by the distance driven, instead of {1000 / HZ:.1f}: "
        f"the game was not recorded at {HZ} Hz, and histories are {1 + off:.2f} times as long"
    )
    return [driven.found(FindingKind.CLOCK_DRIFT, 0, len(driven) - 1, words, off)]


def _usual(driven: Driven) -> float:
    """Seconds of the world in a tick: the way driven over the speed; 0 of a car that hardly moves."""
    way, speed = _steps(driven)
    moving = speed > _MOVING_SPEED
    return float(np.median(way[moving] / speed[moving])) if moving.sum() >= HZ else 0.0


def _moved(driven: Driven, row: int) -> float:
    """The same, between one row and the row before."""
    way, speed = _steps(driven)
    return float(way[row - 1] / max(speed[row - 1], _MOVING_SPEED))


def _steps(driven: Driven) -> tuple[Floats, Floats]:
    """Of each row to the next: metres a tick, and the mean speed, m/s."""
    way = np.hypot(np.diff(driven.x), np.diff(driven.y)) / np.diff(driven.tick)
    return way, (driven.speed[1:] + driven.speed[:-1]) / 2
