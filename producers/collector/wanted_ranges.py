"""Which answers of the driver the sets wait for: the balancer's names of bins, as ranges on the car's axes. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from charles.base.limits import NAME_BYTES

Axis = Literal["steering", "pedals"]

_MOST_NAMES = 1_000
_NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
_BIN = re.compile(
    r"(?<![a-z_])(?P<output>[a-z_]+)(?::\S*)? "
    rf"(?:[\[(](?P<low>{_NUMBER}), (?P<high>{_NUMBER})[\])]|(?P<alone>{_NUMBER}))(?= |$)"
)
_AXES: dict[str, tuple[Axis, int]] = {
    "steering": ("steering", 1),
    "acceleration_braking": ("pedals", 1),
    "acceleration": ("pedals", 1),
    "braking": ("pedals", -1),
}


@dataclass(frozen=True, slots=True)
class WantedRanges:
    """Answers from low to high, both in [-1, 1], of one axis: steering, left negative, or pedals, braking negative."""

    axis: Axis
    low: float
    high: float

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2


def wanted(names: Iterable[str]) -> list[WantedRanges]:
    """The ranges that names of bins stand for, such as "steering [-1, -0.9)" or "acceleration (0, 0.2) braking 0".

    What no range can be read from (a class with a name, a change against the tick before) is left out, and so is 0
    alone: it is what a driver answers whom nobody disturbs.
    """
    sane = (name for name in islice(names, _MOST_NAMES) if len(name) <= NAME_BYTES and ":delta" not in name)
    found = (_range(part) for name in sane for part in _BIN.finditer(name))
    return [each for each in dict.fromkeys(found) if each is not None and each.middle]


def _range(part: re.Match[str]) -> WantedRanges | None:
    if part["output"] not in _AXES:
        return None
    axis, sign = _AXES[part["output"]]
    ends = sorted(sign * float(end) for end in (part["low"] or part["alone"], part["high"] or part["alone"]))
    return WantedRanges(axis, *ends) if -1 <= ends[0] <= ends[1] <= 1 else None
