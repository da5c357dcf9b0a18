"""The Game interface: what a driver sees, what it may do, and what a game must offer.

A game is a plug-in: a class named in the entry-point group `charles.games`. Three values travel between a driver and
a game, each with a type of its own so that they cannot be mixed up:

    Observation   what the driver sees: the hood camera's picture and the telemetry of the same instant
    Action        what the car shall do: effective values, in [-1, 1]; these are the labels that models learn
    Controller    what a gamepad must say to get that action: the action behind the game's dead zones
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from charles.base.typed_sections import ConfigError

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Action:
    """What the car does: effective values, after the dead zone.

    steering: in [-1, 1], left negative. acceleration_braking: in [-1, 1], above 0 accelerates, below 0 brakes.
    """

    steering: float
    acceleration_braking: float


@dataclass(frozen=True, slots=True)
class Controller:
    """What the gamepad says: steering and acceleration_braking in [-1, 1], signs as in Action."""

    steering: float
    acceleration_braking: float


@dataclass(frozen=True, slots=True)
class Axis:
    """How one axis of a game's controller answers: controller = offset + scale * |value|, the sign kept, 0 for 0.

    offset: the dead zone's edge, in [0, 1]. positive, negative: the scale on either side of 0; offset + scale is the
    controller value of a full action, beyond which nothing more happens (or worse: the wheels lock).
    """

    offset: float = 0.0
    positive: float = 1.0
    negative: float = 1.0

    def to_controller(self, value: float) -> float:
        """The controller value for an effective value; effective values beyond [-1, 1] are clipped."""
        if value == 0 or not math.isfinite(value):
            return 0.0
        scale = self.positive if value > 0 else self.negative
        return math.copysign(self.offset + scale * min(abs(value), 1.0), value)

    def to_effective(self, value: float) -> float:
        """What a controller value does: the inverse of to_controller, in [-1, 1]; 0 within the dead zone."""
        scale = self.positive if value > 0 else self.negative
        return math.copysign(min(max((abs(value) - self.offset) / scale, 0.0), 1.0), value) + 0.0


@dataclass(frozen=True, slots=True)
class ControllerMapping:
    """A game's mapping between actions and its controller, one Axis each."""

    steering: Axis = Axis()
    acceleration_braking: Axis = Axis()

    def to_controller(self, action: Action) -> Controller:
        return Controller(
            self.steering.to_controller(action.steering),
            self.acceleration_braking.to_controller(action.acceleration_braking),
        )

    def to_action(self, controller: Controller) -> Action:
        return Action(
            self.steering.to_effective(controller.steering),
            self.acceleration_braking.to_effective(controller.acceleration_braking),
        )


@dataclass(frozen=True, slots=True)
class Telemetry:
    """The car's state. speed m/s, at least 0; yaw_rate rad/s, left negative; x, y m; heading rad in (-pi, pi], 0 along
    +x and growing to the right (left negative, as everywhere); purpose_distance m and purpose_bearing rad (relative
    to the heading, left negative) lead to the point the car should reach."""

    speed: float
    yaw_rate: float
    x: float
    y: float
    heading: float
    purpose_distance: float
    purpose_bearing: float


@dataclass(frozen=True, slots=True)
class Observation:
    """One instant. hood: uint8 RGB (height, width, 3), what models see; crashed: the car hit something or left the road
    since the last act(); over: nothing more can happen until respawn(); reward: what the last act() earned, in the
    game's own unit (0 in a game without scores)."""

    hood: Picture
    telemetry: Telemetry
    crashed: bool = False
    over: bool = False
    reward: float = 0.0


@dataclass(frozen=True, slots=True)
class Episode:
    """How `charles evaluate` scores a game. score: "distance" (metres before the first crash or getting stuck) or
    "reward" (the game's own, summed until it is over); ticks: the episode's cap."""

    score: str
    ticks: int


class Game(Protocol):
    """One copy of a game. A stepped game stands still between two act() calls; one act() is one tick of 1/30 s."""

    mapping: ControllerMapping
    episode: Episode
    picture_size: tuple[int, int]  # (height, width) of Observation.hood

    def __init__(self, seed: int) -> None:
        """Open the game in the world of this seed: the same seed, weather and controllers give the same
        observations."""

    def observe(self) -> Observation:
        """The present instant. Calling it twice without act() between gives the same observation."""

    def act(self, controller: Controller) -> None:
        """Hold the controller like this for one tick."""

    def drive(self) -> Action:
        """What the game's own driver (the NPC) does at this instant; called once a tick, whoever has the wheel."""

    def respawn(self) -> None:
        """Put the car somewhere else in the world, standing or rolling, free of the place where it was stuck."""

    def set_weather(self, weather: str) -> None:
        """Have this weather, one of weather.WEATHERS, from the next observe() on; a game begins in "clear".

        It changes what is seen, never how the car moves; a game without weather changes nothing. Raises ConfigError
        for an unknown one.
        """

    def close(self) -> None:
        """Give back what the game holds."""


def names() -> list[str]:
    """The installed games."""
    return sorted({point.name for point in entry_points(group="charles.games")})


def open_game(name: str, seed: int) -> Game:
    """Open an installed game. Raises ConfigError, naming the installed ones, when there is none of that name."""
    for point in entry_points(group="charles.games"):
        if point.name == name:
            return cast(Game, point.load()(seed))
    raise ConfigError(f"no game is called {name!r}; installed: {', '.join(names())}")
