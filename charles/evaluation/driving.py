"""One drive of one driver in one unseen world, and its score. No Kafka, no unstuck."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from charles.config import Unstuck
from charles.driving.odometer import Odometer
from charles.driving.stuck_detector import StuckDetector
from charles.games.game import Action, Game, Observation

Driver = Callable[[Game, Observation], Action]
Watch = Callable[[Observation, Action, float], None]
End = Literal["crashed", "stuck", "over", "cap"]


@dataclass(frozen=True, slots=True)
class EvaluationDrive:
    """The result of a drive. score: metres, or the game's own reward (the game's Episode says which); end: why it
    ended, `cap` when it was still going at the episode's cap."""

    seed: int
    score: float
    metres: float
    ticks: int
    end: End


def drive(
    game: Game, driver: Driver, seed: int, unstuck: Unstuck, *, cap: int | None = None, watch: Watch | None = None
) -> EvaluationDrive:
    """Drive a freshly opened game to the end of its episode.

    Scored by distance, a drive ends with the first crash or where the car got stuck; by reward, when the game is over:
    a crash and standing still cost what the game says they cost. cap: ticks, the episode's own when None. watch: told
    at every tick what is seen, what is done, and the score so far.
    """
    by_distance = game.episode.score == "distance"
    cap = game.episode.ticks if cap is None else cap
    seen = game.observe()
    way = Odometer(seen.telemetry.x, seen.telemetry.y)
    stuck = StuckDetector(unstuck.distance, unstuck.seconds)
    score, ticks = 0.0, 0
    end: End = "cap"
    while ticks < cap and end == "cap":
        action = driver(game, seen)
        if watch is not None:
            watch(seen, action, score)
        game.act(game.mapping.to_controller(action))
        ticks += 1
        seen = game.observe()
        way.to(seen.telemetry.x, seen.telemetry.y)
        score = way.metres if by_distance else score + seen.reward
        if seen.over:
            end = "over"
        elif by_distance and seen.crashed:
            end = "crashed"
        elif by_distance and stuck.update(seen.telemetry.x, seen.telemetry.y):
            end = "stuck"
    return EvaluationDrive(seed, score, way.metres, ticks, end)
