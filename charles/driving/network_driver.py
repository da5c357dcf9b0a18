"""Drives with a model: from camera pictures to actions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charles.games.game import Action, Observation, Picture
from charles.labels.outputs import Output, deltas
from charles.models import PLAIN, Predictor, architecture, build


class NetworkDriver:
    """A network of a line, with fresh weights until load(). architecture: the digest of what weights must fit."""

    def __init__(
        self, line: str, picture_size: tuple[int, int], frames: int = 1, outputs: Sequence[Output] = PLAIN
    ) -> None:
        """picture_size: (height, width), pixels; frames: stacked in a sample; outputs: what it predicts.

        Raises ValueError: no such line.
        """
        model = build(line, picture_size, frames, outputs)
        self.architecture = architecture(model)
        self._outputs = tuple(outputs)
        self._predictor = Predictor(model)
        self._pictures: deque[Picture] = deque(maxlen=frames)
        self._last: dict[str, float] = {}

    def load(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Drive with these from the next prediction on. Raises ValueError, and keeps the old, if they do not fit."""
        self._predictor.set_weights(weights)

    def forget(self) -> None:
        """Clear the history: the car was put somewhere else."""
        self._pictures.clear()
        self._last.clear()

    def drive(self, seen: Observation, rest: Callable[[], Action]) -> Action:
        """What the network does at this instant; to be asked once a tick.

        rest: the game's own driver, asked where the network does not predict everything; and for what changes begin
        with, after forget(): no sample is of a start, so a network that was told of 0 there would stand still.
        """
        rest = cache(rest)  # it is asked once a tick
        self._pictures.append(seen.hood)
        while len(self._pictures) < (self._pictures.maxlen or 1):
            self._pictures.appendleft(seen.hood)  # nothing was seen before: as if the car had stood here
        stacked = seen.hood if len(self._pictures) == 1 else np.concatenate(self._pictures, axis=2)
        car = seen.telemetry
        changing = deltas(self._outputs)
        if changing and not self._last:
            self._last = _values(rest())
        last = [self._last[output.value] for output in changing]
        predicted = self._predictor(stacked, car.speed, car.purpose_distance, car.purpose_bearing, last)
        self._last = {
            output.value: output.decoded(predicted[output.value], self._last.get(output.value, 0.0))
            for output in self._outputs
        }
        return _action(self._last, rest)


def _action(values: Mapping[str, float], rest: Callable[[], Action]) -> Action:
    """The action of these values of the car; what is not among them is the game's own driver's."""

    def value(name: str) -> float:
        return values[name] if name in values else _values(rest())[name]

    if values.keys() & {"acceleration", "braking"}:
        return Action(value("steering"), value("acceleration") - value("braking"))
    return Action(value("steering"), value("acceleration_braking"))


def _values(action: Action) -> dict[str, float]:
    """An action as all the values that can be predicted."""
    pedals = action.acceleration_braking
    return {
        "acceleration": max(pedals, 0.0),
        "braking": max(-pedals, 0.0),
        "acceleration_braking": pedals,
        "steering": action.steering,
    }
