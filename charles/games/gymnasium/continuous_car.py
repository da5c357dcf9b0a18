"""Any Gymnasium environment that steers, accelerates and brakes with three numbers, as a game of Charles."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, cast

import gymnasium
import numpy as np

from charles.games.game import Action, Axis, Controller, ControllerMapping, Episode, Observation, Picture, Telemetry
from charles.games.weather import known

DERIVED_SEEDS = 2**31  # where the seeds of respawned worlds begin: a world asked for below it is never driven by chance


class ContinuousCar(ABC):
    """An environment whose action is float32 (steering in [-1, 1], gas in [0, 1], brake in [0, 1]) and whose
    observation is its own picture, uint8 RGB.

    One act() is one environment step; the reward is passed on as it is. A subclass says what the car's state is, where
    the road is, and how its NPC drives. Not thread-safe, as environments are not.
    """

    mapping = ControllerMapping(steering=Axis(), acceleration_braking=Axis())
    episode = Episode(score="reward", ticks=1000)
    picture_size = (96, 96)

    def __init__(self, env: gymnasium.Env[Any, Any], seed: int) -> None:
        """env: not yet reset; its first episode is env.reset(seed=seed)."""
        self.env = env
        self._seed = seed
        self._respawns = 0
        self._was_off_road = False
        self._seen = self._begin(seed)

    @abstractmethod
    def telemetry(self) -> Telemetry:
        """The car's state at this instant."""

    @abstractmethod
    def off_road(self) -> bool:
        """Whether the car stands with all its wheels beside the road at this instant."""

    @abstractmethod
    def drive(self) -> Action:
        """What the NPC does at this instant."""

    def entered(self) -> None:  # noqa: B027 (a hook: most environments have nothing to prepare)
        """Called once in every new world, before anything is observed there."""

    def moved(self) -> None:  # noqa: B027 (a hook, as entered)
        """Called after every environment step, before it is observed."""

    def picture(self, pixels: Picture) -> Picture:
        """What the driver sees of the environment's observation: the uppermost picture_size of it, copied."""
        height, width = self.picture_size
        return np.ascontiguousarray(pixels[:height, :width])

    def observe(self) -> Observation:
        return self._seen

    def act(self, controller: Controller) -> None:
        """One environment step. Once the episode is over nothing happens any more and nothing is earned."""
        if self._seen.over:
            self._seen = Observation(self._seen.hood, self._seen.telemetry, over=True)
            return
        pedals = controller.acceleration_braking
        action = np.array([controller.steering, max(pedals, 0.0), max(-pedals, 0.0)], np.float32)
        pixels, reward, terminated, _truncated, _info = self.env.step(action)
        self.moved()
        off_road = self.off_road()
        self._seen = Observation(
            hood=self.picture(cast(Picture, pixels)),
            telemetry=self.telemetry(),
            crashed=off_road and not self._was_off_road,
            over=bool(terminated),
            reward=float(reward),
        )
        self._was_off_road = off_road

    def respawn(self) -> None:
        """Begin an episode in another world, the same one for the same seed and number of respawns."""
        self._respawns += 1
        drawn = int(np.random.SeedSequence([self._seed, self._respawns]).generate_state(1)[0])
        self._was_off_road = False
        self._seen = self._begin(DERIVED_SEEDS + drawn % DERIVED_SEEDS)

    def set_weather(self, weather: str) -> None:
        """Accepts every weather and changes nothing: these environments have none."""
        known(weather)

    def close(self) -> None:
        self.env.close()

    def _begin(self, seed: int) -> Observation:
        pixels, _info = self.env.reset(seed=seed)
        self.entered()
        return Observation(self.picture(cast(Picture, pixels)), self.telemetry())
