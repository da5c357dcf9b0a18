"""Real driving for the checks: games driven as a collector drives them, without pictures and without Kafka."""

from __future__ import annotations

import functools
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import groupby

import numpy as np

from benchmarks.rare import blind
from charles.config import Config, changed
from charles.events import Control
from charles.games.game import open_game
from charles.label_checks import Driven, driven
from charles.pacing import HZ
from producers.collector.disturbances import Disturbances
from producers.collector.drive_session import DriveSession
from producers.collector.loop import control_of
from producers.collector.wanted_ranges import WantedRanges

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SOUGHT_FOR = 3 * HZ
"""Ticks for which a drive seeks the same answers."""


def recorded(
    game: str, seed: int, minutes: float, world_minutes: float = 1.0, *, disturbed: bool = True
) -> list[Driven]:
    """What a collector would have recorded in so many minutes, run by run, seeking rare answers as it does by
    default."""
    config = changed(Config(), [f"collect.world_minutes={world_minutes}"])
    disturbances, rng = Disturbances(seed), np.random.default_rng(seed)
    controls: list[Control] = []
    with blind(), closing(DriveSession(functools.partial(open_game, game), seed, config)) as way:
        for tick in range(round(minutes * 60 * HZ)):
            if tick % SOUGHT_FOR == 0:
                disturbances.seek(_wishes(rng))
            seen, action = way.observe(), way.game.drive()
            controls.append(control_of(seen, action, game, way, BEGAN + timedelta(seconds=tick / HZ)))
            applied = disturbances.applied(action) if disturbed else action
            way.game.act(way.game.mapping.to_controller(applied))
            way.advance()
    return [driven(list(run)) for _, run in groupby(controls, key=lambda control: control.run)]


def _wishes(rng: np.random.Generator) -> list[WantedRanges]:
    """Up to three outer bins, as they starve in a live balancer."""
    lows = rng.choice([-1.0, -0.9, -0.8, -0.7, 0.6, 0.7, 0.8, 0.9], rng.integers(0, 4), replace=False)
    return [WantedRanges("steering" if rng.random() < 0.5 else "pedals", float(low), float(low) + 0.1) for low in lows]
