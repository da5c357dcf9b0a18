"""Bursts of noise on the controls, so that the data holds recoveries. Pure: the same seed gives the same bursts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from charles.games import Action
from charles.pacing import HZ


@dataclass(frozen=True, slots=True)
class Bursts:
    """How often, how long and how strongly one axis is disturbed. pause_s: from one burst's end to the next one's
    start, seconds, uniform between the two; length_s: of one burst, and strength, in [0, 1], likewise; positive: the
    share of bursts above 0."""

    pause_s: tuple[float, float]
    length_s: tuple[float, float]
    strength: tuple[float, float]
    positive: float


# In the city the rarest bin then comes with 1.1 % of the ticks (steering) and 1.5 % (pedals, three times as often as
# with weaker and rarer bursts), and 1 tick in 700 is a crash. Full throttle is what hard braking is the answer to. Most
# bursts go to the left, because hard steering to the right is the rarest: traffic keeps right, and race tracks go round
# to the left.
STEERING = Bursts(pause_s=(1.5, 3.5), length_s=(0.25, 0.6), strength=(0.4, 1.0), positive=0.4)
PEDALS = Bursts(pause_s=(2.5, 4.5), length_s=(0.4, 1.2), strength=(1.0, 1.0), positive=0.7)


class _Axis:
    """The noise of one axis, tick by tick."""

    def __init__(self, bursts: Bursts, rng: np.random.Generator) -> None:
        self._bursts = bursts
        self._rng = rng
        self._plan()

    def next(self) -> float | None:
        """The noise of the next tick, in [-1, 1], or None between two bursts."""
        if self._pause > 0:
            self._pause -= 1
            return None
        noise = self._noise
        self._length -= 1
        if self._length == 0:
            self._plan()
        return noise

    def _plan(self) -> None:
        self._pause = round(self._rng.uniform(*self._bursts.pause_s) * HZ)
        self._length = round(self._rng.uniform(*self._bursts.length_s) * HZ)
        sign = 1 if self._rng.random() < self._bursts.positive else -1
        self._noise = sign * float(self._rng.uniform(*self._bursts.strength))


class Disturbances:
    """Takes the wheel, or the pedals, out of the driver's hands for moments. What it does is never a label: the label
    is the driver's answer, which during and after a burst is the correction."""

    def __init__(self, seed: int) -> None:
        steering, pedals = np.random.default_rng(seed).spawn(2)
        self._steering = _Axis(STEERING, steering)
        self._pedals = _Axis(PEDALS, pedals)

    def applied(self, action: Action) -> Action:
        """What the car is told at this tick instead of the driver's action; to be asked once a tick."""
        steering, pedals = self._steering.next(), self._pedals.next()
        return Action(
            action.steering if steering is None else steering,
            action.acceleration_braking if pedals is None else pedals,
        )
