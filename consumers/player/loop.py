"""The player's loop: look, predict, act; 30 times a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from charles.control import Heartbeat, Rate
from charles.events import Checkpoint, now
from charles.games import Game
from charles.pacing import RateKeeper
from charles.settings import Settings
from consumers.player.broadcast import Broadcast
from consumers.player.console import Console
from consumers.player.follow import NewestWeights
from consumers.player.pilot import Pilot
from consumers.player.run import Run, Timing

PROGRAM = "player"

Stop = Callable[[float], bool]


def play(settings: Settings, game: Game, stop: Stop) -> None:
    """Drive with the newest weights until stop says so.

    stop(seconds) waits at most that long and tells whether to stop. The broker may go away and come back: the car
    drives on with the weights it has.
    """
    with Heartbeat(settings.kafka, PROGRAM, settings.play.name) as heartbeat:
        pilot = Pilot(settings.train.line, game.picture_size, settings.balance.frames)
        with NewestWeights(settings.kafka, settings.train.model, pilot.architecture) as weights:
            while not pilot.ready:
                heartbeat.beat("waiting", note=_waiting(settings.train.model, weights))
                if stop(0.0):
                    return
                pilot.take(weights, wait_s=0.25)
            _drive(settings, game, pilot, weights, heartbeat, stop)


def _drive(
    settings: Settings, game: Game, pilot: Pilot, weights: NewestWeights, heartbeat: Heartbeat, stop: Stop
) -> None:
    at_once = settings.play.swap == "at once"
    keeper, fps, timing, console = RateKeeper(), Rate(window_s=1.0), Timing(), Console()
    run, runs, last_run_m = Run(game.observe(), settings.unstuck), 1, 0.0
    with closing(Broadcast(settings)) as broadcast:
        for _ in keeper.ticks(stop):
            seen = game.observe()
            if run.ends(seen):
                game.respawn()
                seen = game.observe()
                run, runs, last_run_m = Run(seen, settings.unstuck), runs + 1, run.metres
                pilot.forget()
                pilot.take(weights)
            elif at_once:
                pilot.take(weights)

            saw_s = time.perf_counter()
            raw = pilot.predict(seen)
            controller = game.mapping.to_controller(raw)
            timing.add(time.perf_counter() - saw_s)
            game.act(controller)

            fps.add()
            heartbeat.rate.add()
            console.show(controller, raw, fps, timing)
            broadcast.show(run, seen, raw, controller, pilot.checkpoint, fps, timing)
            run.tick += 1
            drives = {"runs": runs, "distance_m": run.metres, "last_run_m": last_run_m, "late": keeper.late}
            figures: dict[str, Any] = _figures(pilot.checkpoint, weights) | timing.figures() | drives
            heartbeat.beat("running", note=_note(pilot.checkpoint, weights), **figures)


def _waiting(model: str, weights: NewestWeights) -> str:
    refused = ", ".join(f"{count} passed over: {reason}" for reason, count in weights.refused.items())
    return f"no weights yet of {model}" + (f" ({refused})" if refused else "")


def _note(checkpoint: Checkpoint, weights: NewestWeights) -> str:
    newest = weights.newest or checkpoint
    waits = f"; batch {newest.batch} waits for the next respawn" if newest.artefact != checkpoint.artefact else ""
    return f"drives with batch {checkpoint.batch}{waits}"


def _figures(checkpoint: Checkpoint, weights: NewestWeights) -> dict[str, float]:
    """age_s: how old the weights in use are; newest: batch of the newest weights that were seen."""
    return {
        "batch": checkpoint.batch,
        "newest": (weights.newest or checkpoint).batch,
        "age_s": (now() - checkpoint.time).total_seconds(),
        "refused": sum(weights.refused.values()),
    }
