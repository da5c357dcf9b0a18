"""Where a collector's car is in worlds and runs: when the next of either begins, and under which name."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from charles.config import Config
from charles.driving.stuck_detector import StuckDetector
from charles.events import now
from charles.games.game import Game, Observation
from charles.games.weather import chosen
from charles.pacing import HZ

CRASH_PATIENCE_S = 0.5
"""A car that has crashed and does not get away within this time presses against something: nothing to learn from."""

OpenGame = Callable[[int], Game]


def run_name(began: datetime) -> str:
    """A name that no other run has, which sorts by when the run began."""
    return f"{began:%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(3)}"


class DriveSession:
    """One game after the other, each in the world of the next seed, and in each one run after the other.

    run, tick: the present moment's name; runs, crashes: since the start.
    """

    def __init__(self, open_game: OpenGame, seed: int, config: Config) -> None:
        """open_game: opens the game in the world of a seed."""
        self._open_game = open_game
        self._seed = seed
        self._crash: tuple[tuple[float, float], int] | None = None  # where and at which tick
        self._began = now()
        self.runs = 0
        self.crashes = 0
        self.game = open_game(self._seed)
        self._age = 0
        self.follow(config)
        self._begin_run()

    def follow(self, config: Config) -> None:
        """Go on under another configuration, from the next tick on."""
        self._config = config
        self._stuck = StuckDetector(config.unstuck.distance, config.unstuck.seconds)
        self.game.set_weather(chosen(config.collect.weather, self._seed))

    def observe(self) -> Observation:
        """The present instant, in a new world or a new place where the last one is used up."""
        if self._age >= self._config.collect.world_minutes * 60 * HZ:
            self.game.close()
            self._seed += 1
            self.game = self._open_game(self._seed)
            self._age = 0
            self.follow(self._config)
            self._begin_run()
        seen = self.game.observe()
        if self._is_lost(seen):
            self.respawn()
            seen = self.game.observe()
        return seen

    def respawn(self) -> None:
        """Put the car somewhere else; a new run begins there."""
        self.game.respawn()
        self._begin_run()

    def advance(self) -> None:
        """The tick is over."""
        self.tick += 1
        self._age += 1

    def close(self) -> None:
        self.game.close()

    def _is_lost(self, seen: Observation) -> bool:
        """Whether nothing more comes of this run: it is over, or the car does not get away; after a crash it has less
        time to."""
        place = seen.telemetry.x, seen.telemetry.y
        if seen.crashed and self._crash is None:
            self.crashes += 1
            self._crash = place, self.tick
        if self._crash is not None and math.dist(place, self._crash[0]) >= self._config.unstuck.distance:
            self._crash = None
        pinned = self._crash is not None and self.tick - self._crash[1] >= CRASH_PATIENCE_S * HZ
        return self._stuck.update(*place) or pinned or seen.over

    def _begin_run(self) -> None:
        # A clock that is set back makes no run sort before one that was there already.
        self._began = max(now(), self._began + timedelta(microseconds=1))
        self.run = run_name(self._began)
        self.tick = 0
        self.runs += 1
        self._crash = None
        self._stuck.reset()
