"""What is judged: one run of one collector, as arrays; and the words of the judgment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from charles.events import Control

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_MICROSECONDS = 1_000_000


class FindingKind(StrEnum):
    """What can be wrong with labels, or with what they are judged by."""

    STEERING_INVERTED = "steering inverted"
    PEDALS_INVERTED = "pedals inverted"
    SWAPPED = "steering and pedals swapped"
    CONSTANT = "constant control"
    SATURATED = "saturated control"
    STEERING_UNEXPLAINING = "steering does not explain the motion"
    PEDALS_UNEXPLAINING = "pedals do not explain the motion"
    SHIFTED = "labels shifted"
    CAMERA_FROZEN = "frozen camera"
    TELEMETRY_FROZEN = "frozen telemetry"
    CLOCK_JUMP = "clock jump"
    CLOCK_DRIFT = "clock drift"


@dataclass(frozen=True, slots=True)
class Finding:
    """A span of a run, both ends included, whose records cannot be trusted. words: one line: what was measured, what it
    means, what to do. measure: the figure behind it: ticks of a shift (labels too late above 0), seconds of a clock
    jump, else what the words say."""

    kind: FindingKind
    collector: str
    run: str
    first_tick: int
    last_tick: int
    words: str
    measure: float = 0.0


@dataclass(frozen=True, slots=True)
class Pictures:
    """Fingerprints of frames, in order. tick: (n,) int64; thumbnails: (n, 9, 16) uint8, grey; digests: (n,) uint64, of
    the bytes. See pictures.py for what makes them."""

    tick: Integers
    thumbnails: NDArray[np.uint8]
    digests: NDArray[np.uint64]

    def __post_init__(self) -> None:
        _ordered("pictures' ticks", self.tick)
        if not len(self.tick) == len(self.thumbnails) == len(self.digests):
            raise ValueError("every picture has one tick, one thumbnail and one digest")


def no_pictures() -> Pictures:
    return Pictures(np.zeros(0, np.int64), np.zeros((0, 9, 16), np.uint8), np.zeros(0, np.uint64))


@dataclass(frozen=True, slots=True)
class Driven:
    """One run, one row a tick, in order; ticks may be missing. Units and signs are those of schemas/Control.avsc.

    tick, time (us since 1970): (n,) int64; the rest (n,) float64. Raises ValueError for rows out of order, of unlike
    number, or not finite.
    """

    collector: str
    run: str
    tick: Integers
    time: Integers
    acceleration: Floats
    braking: Floats
    steering: Floats
    speed: Floats
    yaw_rate: Floats
    x: Floats
    y: Floats
    heading: Floats
    pictures: Pictures = field(default_factory=no_pictures)

    def __post_init__(self) -> None:
        _ordered("ticks", self.tick)
        for name in ROWS:
            values = getattr(self, name)
            if len(values) != len(self.tick):
                raise ValueError(f"{name} has {len(values)} rows, tick {len(self.tick)}")
            if not np.isfinite(values).all():
                raise ValueError(f"{name} must be finite numbers")

    def __len__(self) -> int:
        return len(self.tick)

    @property
    def pedals(self) -> Floats:
        """In [-1, 1], above 0 accelerates."""
        return self.acceleration - self.braking

    def rows(self, chosen: slice | Integers) -> Driven:
        """These rows alone, without pictures."""
        return replace(self, **{name: getattr(self, name)[chosen] for name in ROWS}, pictures=no_pictures())

    def found(self, kind: FindingKind, first_row: int, last_row: int, words: str, measure: float = 0.0) -> Finding:
        """A finding between two rows, both included."""
        ticks = int(self.tick[first_row]), int(self.tick[last_row])
        return Finding(kind, self.collector, self.run, *ticks, words, measure)


ROWS = tuple(each.name for each in fields(Driven) if each.name not in ("collector", "run", "pictures"))


def driven(controls: Iterable[Control], pictures: Pictures | None = None) -> Driven:
    """The controls of one run, in any order. Raises ValueError for none, for several runs, or for a tick that comes
    twice."""
    ordered = sorted(controls, key=lambda control: control.tick)
    if len({(control.collector, control.run) for control in ordered}) != 1:
        raise ValueError("pass the controls of exactly one run at a time")
    whole = [(control.tick, round(control.time.timestamp() * _MICROSECONDS)) for control in ordered]
    ticks, times = np.array(whole, np.int64).T
    floats = {
        name: np.array([getattr(control, name) for control in ordered], np.float64)
        for name in ROWS
        if name not in ("tick", "time")
    }
    first = ordered[0]
    return Driven(first.collector, first.run, ticks, times, **floats, pictures=pictures or no_pictures())


def spans(marked: Flags, shortest: int = 1) -> list[tuple[int, int]]:
    """Where rows in a row are marked, at least so many: first and last index, both included."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= shortest]


def _ordered(what: str, ticks: Integers) -> None:
    if len(ticks) and (np.diff(ticks) <= 0).any():
        raise ValueError(f"{what} must increase from row to row")
