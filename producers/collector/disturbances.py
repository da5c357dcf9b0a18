"""Bursts of noise on the controls, so that the data holds recoveries, and more of those that the sets wait for.

Pure: the same seed, and the same wishes and answers, give the same bursts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from charles.games.game import Action
from charles.pacing import HZ
from producers.collector.wanted_ranges import WantedRanges


@dataclass(frozen=True, slots=True)
class BurstTiming:
    """pause_s: from one burst's end to the next one's start, seconds, uniform between the two; length_s: of one burst,
    likewise."""

    pause_s: tuple[float, float]
    length_s: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Bursts:
    """How often, how long and how strongly one axis is disturbed. usual, seeking: without and with a wanted answer;
    strength: in [0, 1], uniform between the two; positive: the share of bursts above 0, both without one."""

    usual: BurstTiming
    seeking: BurstTiming
    strength: tuple[float, float]
    positive: float


# In the city the rarest bin then comes with 1.1 % of the ticks (steering) and 1.5 % (pedals, three times as often as
# with weaker and rarer bursts), and 1 tick in 2,000 is a crash. Full throttle is what hard braking is the answer to.
# Most bursts go to the left, because hard steering to the right is the rarest: traffic keeps right, and race tracks go
# round to the left. Where bursts seek it is 2.4 % and 2.6 %, with no more crashes: longer steering bursts instead of
# more of them would give as much, and twice the crashes.
STEERING = Bursts(
    usual=BurstTiming(pause_s=(1.5, 3.5), length_s=(0.25, 0.6)),
    seeking=BurstTiming(pause_s=(1.0, 2.5), length_s=(0.25, 0.6)),
    strength=(0.4, 1.0),
    positive=0.4,
)
PEDALS = Bursts(
    usual=BurstTiming(pause_s=(2.5, 4.5), length_s=(0.4, 1.2)),
    seeking=BurstTiming(pause_s=(2.5, 4.5), length_s=(0.6, 1.6)),
    strength=(1.0, 1.0),
    positive=0.7,
)


class _Axis:
    """The noise of one axis, tick by tick. wanted: the answers that its bursts seek, in [-1, 1]; none: any will do."""

    def __init__(self, bursts: Bursts, rng: np.random.Generator) -> None:
        self.wanted: Sequence[float] = ()
        self._bursts = bursts
        self._rng = rng
        self._plan()

    def next(self, answer: float) -> float | None:
        """The noise of the next tick, in [-1, 1], or None where the driver has its way: between two bursts, and while
        its answer is what a burst sought."""
        if self._pause > 0:
            self._pause -= 1
            if self._pause == 0:
                self._begin()
            return None
        noise, sought = self._noise, self._sought
        self._length -= 1
        if self._length == 0:
            self._plan()
        if sought is not None and abs(answer) >= abs(sought) and answer * sought > 0:
            return None
        return noise

    def _plan(self) -> None:
        self._pause = self._ticks(self._timing.pause_s)

    def _begin(self) -> None:
        """What is sought is decided now: wishes change from second to second."""
        self._length = self._ticks(self._timing.length_s)
        self._sought = float(self._rng.choice(self.wanted)) if self.wanted else None
        if self._sought is not None:
            self._noise = -1.0 if self._sought > 0 else 1.0
            return
        sign = 1 if self._rng.random() < self._bursts.positive else -1
        self._noise = sign * float(self._rng.uniform(*self._bursts.strength))

    @property
    def _timing(self) -> BurstTiming:
        return self._bursts.seeking if self.wanted else self._bursts.usual

    def _ticks(self, seconds: tuple[float, float]) -> int:
        return round(self._rng.uniform(*seconds) * HZ)


class Disturbances:
    """Takes the wheel, or the pedals, out of the driver's hands for moments. What it does is never a label: the label
    is the driver's answer, which during and after a burst is the correction.

    A burst that seeks an answer pushes the other way until the driver gives it, and lets the driver have its way as
    long as it does: so the answer stays about there, for longer than it would by itself, and goes hardly beyond.
    """

    def __init__(self, seed: int) -> None:
        steering, pedals = np.random.default_rng(seed).spawn(2)
        self._steering = _Axis(STEERING, steering)
        self._pedals = _Axis(PEDALS, pedals)

    def seek(self, wanted: Collection[WantedRanges]) -> None:
        """The answers that bursts shall seek from the next one on; none on an axis: bursts as ever."""
        self._steering.wanted = [each.middle for each in wanted if each.axis == "steering"]
        self._pedals.wanted = [each.middle for each in wanted if each.axis == "pedals"]

    def applied(self, action: Action) -> Action:
        """What the car is told at this tick instead of the driver's action; to be asked once a tick."""
        steering, pedals = self._steering.next(action.steering), self._pedals.next(action.acceleration_braking)
        return Action(
            action.steering if steering is None else steering,
            action.acceleration_braking if pedals is None else pedals,
        )
