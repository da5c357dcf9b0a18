"""What every tick of the chaos is: a pure function of its collector, its run and its number.

So that whoever finds a picture, a label or a value of a history can say whether it is the right one. No two ticks have
a value of SIGNALS in common but by chance, pedals and steering of 0 and 1 aside.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from charles.events import Control, Frame, Moment

PICTURE_BYTES: Final = 1024
_ALONE = 0.1
"""Of the labels so many are 0, 1 and -1 each, which are bins of their own in some versions of the balancing."""
_GRAIN = 1 << 20
"""Values lie half-way between multiples of 1/_GRAIN: exact in the 32 bits that a history has, and on no bin's edge."""
_STRIDE = 250
_GAP_AT = 200
_LONGEST = 7

Sent = Literal["whole", "nothing", "frame", "control", "broken"]
"""What is sent of a tick; broken: both halves, but the frame cannot be read."""


@dataclass(frozen=True, slots=True)
class Values:
    """A tick's action, speed and purpose, as its Control says them."""

    acceleration: float
    braking: float
    steering: float
    speed: float
    purpose_distance: float
    purpose_bearing: float


class Draws:
    """Numbers that follow from a moment."""

    def __init__(self, collector: str, run: str, tick: int) -> None:
        digest = hashlib.blake2b(f"{collector}/{run}/{tick}".encode(), digest_size=24).digest()
        self._numbers = [int.from_bytes(digest[at : at + 4], "big") / (1 << 32) for at in range(0, 24, 4)]

    def __getitem__(self, index: int) -> float:
        """In [0, 1)."""
        return self._numbers[index]


def values(collector: str, run: str, tick: int) -> Values:
    """The planted values. The speed names the tick, the distance of the purpose its run."""
    draws = Draws(collector, run, tick)
    pedals, steering = _label(draws[0], draws[1]), _label(draws[2], draws[3])
    return Values(
        acceleration=max(pedals, 0.0),
        braking=max(-pedals, 0.0),
        steering=steering,
        speed=float(tick),
        purpose_distance=_number_of(collector, run),
        purpose_bearing=_exact(2 * draws[4] - 1),
    )


def picture(collector: str, run: str, tick: int) -> bytes:
    """1 KiB that says whose it is, then bytes that all depend on that."""
    head = f"{collector} {run} {tick}\n".encode()
    return head + hashlib.shake_128(head).digest(PICTURE_BYTES - len(head))


def strange(found: bytes, moment: Moment) -> str | None:
    """What is wrong with the picture of a tick: torn, or another tick's whole one; None when nothing is."""
    if found == picture(*moment):
        return None
    head = found.partition(b"\n")[0].decode(errors="replace")
    match head.split(" "):
        case collector, run, tick if tick.isdecimal() and found == picture(collector, run, int(tick)):
            return f"is the one of {head}"
    return "is torn"


def sent(collector: str, run: str, tick: int) -> Sent:
    """Most ticks are whole, the first of a run always is. Now and then up to 6 in a row are left out, or one half of a
    tick is, or it is damaged."""
    if tick == 0:
        return "whole"
    into_gap = tick % _STRIDE - _GAP_AT
    if 0 <= into_gap < _LONGEST and into_gap < int(_LONGEST * Draws(collector, run, tick - into_gap)[5]):
        return "nothing"
    kind = Draws(collector, run, tick)[5]
    odd: dict[Sent, float] = {"frame": 0.002, "control": 0.004, "broken": 0.006}
    return next((what for what, below in odd.items() if kind < below), "whole")


def halves(collector: str, run: str, tick: int, time: datetime) -> tuple[Frame, Control]:
    """A tick's two events. time: the instant of both."""
    planted = values(collector, run, tick)
    frame = Frame(collector, run, tick, time, picture(collector, run, tick), 96, 84, 0, 0)
    control = Control(
        collector=collector,
        run=run,
        tick=tick,
        time=time,
        acceleration=planted.acceleration,
        braking=planted.braking,
        steering=planted.steering,
        speed=planted.speed,
        yaw_rate=0.0,
        x=0.0,
        y=0.0,
        heading=0.0,
        purpose_distance=planted.purpose_distance,
        purpose_bearing=planted.purpose_bearing,
    )
    return frame, control


def _label(chance: float, number: float) -> float:
    """In [-1, 1], evenly, but for the values that have a bin of their own."""
    alone = int(chance / _ALONE)
    return (0.0, 1.0, -1.0)[alone] if alone < 3 else _exact(2 * number - 1)


def _exact(number: float) -> float:
    """number: in [-1, 1)."""
    return (math.floor(number * _GRAIN) + 0.5) / _GRAIN


def _number_of(collector: str, run: str) -> float:
    return float(int.from_bytes(hashlib.blake2b(f"{collector}/{run}".encode(), digest_size=3).digest(), "big"))
