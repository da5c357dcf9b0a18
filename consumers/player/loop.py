"""The player's loop: look, predict, act; 30 times a second."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

from charles.base.logs import bind
from charles.config import Config
from charles.control.link import Link
from charles.driving.network_driver import NetworkDriver
from charles.events import Checkpoint, now
from charles.games.game import Game
from charles.games.weather import chosen
from charles.pacing import Rate, RateKeeper
from consumers.player.console_line import ConsoleLine
from consumers.player.driving_publisher import DrivingPublisher
from consumers.player.metrics import PlayerMetricsWriter
from consumers.player.run import PlayerRun, TickTiming
from consumers.player.weights_follower import WeightsFollower


def play(game: Game, link: Link) -> None:
    """Drive with the newest weights until this life of the program is over.

    The broker may go away and come back: the car drives on with the weights it has.
    """
    settings, model = link.settings, link.settings.driven_model
    config = settings.config
    network = NetworkDriver(config.train.line, game.picture_size, config.balance.frames, config.predicted)
    with WeightsFollower(settings.kafka, model, network) as weights:
        offer = PlayerMetricsWriter(config.train.line, weights)
        while weights.checkpoint is None:
            if link.beat("waiting", note=_waiting(model, weights), model=model):
                offer.waiting()
            if link.should_end():
                return
            weights.swap(wait_s=0.25)
        _drive(game, network, weights, offer, link)


def _drive(
    game: Game, network: NetworkDriver, weights: WeightsFollower, offer: PlayerMetricsWriter, link: Link
) -> None:
    config: Config | None = None
    keeper, fps, timing, console = RateKeeper(), Rate(window_s=1.0), TickTiming(), ConsoleLine()
    run, runs, last_run_m, before_m = PlayerRun(game.observe(), link.settings.config.unstuck), 1, 0.0, 0.0

    def tell(state: str, drives: dict[str, float]) -> None:
        used = _used(weights)
        figures = _figures(used, weights) | drives
        if link.beat(state, note=_note(used, weights), figures=figures, **_in_use(used)):
            offer.driving(used, figures["age_s"], before_m + run.metres, keeper, fps, timing)

    with closing(DrivingPublisher(link)) as broadcast:
        for _ in keeper.ticks(link.should_end):
            if config is not link.settings.config:
                config = link.settings.config
                game.set_weather(chosen(config.collect.weather, link.settings.player.seed))
            if link.paused:
                tell("paused", {})
                continue
            seen = game.observe()
            command = link.asked("unstuck")
            if command is not None or run.ends(seen):
                offer.unstuck("told" if command is not None else "over" if seen.over else "stuck")
                game.respawn()
                seen = game.observe()
                before_m += run.metres
                run, runs, last_run_m = PlayerRun(seen, config.unstuck), runs + 1, run.metres
                network.forget()
                weights.swap()
                if command is not None:
                    link.answer(command, "done")
            elif config.play.swap == "at once":
                weights.swap()

            saw_s = time.perf_counter()
            raw = network.drive(seen, game.drive)
            controller = game.mapping.to_controller(raw)
            took_s = time.perf_counter() - saw_s
            timing.add(took_s)
            offer.tick(keeper.behind_s, took_s)
            game.act(controller)

            fps.add()
            link.rate.add()
            bind(run=run.id)
            console.show(controller, raw, fps, timing)
            broadcast.show(run, seen, raw, controller, _used(weights), fps, timing)
            run.tick += 1
            drives = {"runs": runs, "distance_m": run.metres, "last_run_m": last_run_m, "late": keeper.late}
            tell("running", timing.figures() | drives)


def _used(weights: WeightsFollower) -> Checkpoint:
    """Whose weights drive: there are some before the loop begins."""
    assert weights.checkpoint is not None
    return weights.checkpoint


def _waiting(model: str, weights: WeightsFollower) -> str:
    refused = ", ".join(f"skipped {count}: {reason}" for reason, count in weights.refused.items())
    return f"no weights yet of {model}" + (f" ({refused})" if refused else "")


def _note(checkpoint: Checkpoint, weights: WeightsFollower) -> str:
    newest = weights.newest or checkpoint
    waits = (
        f"; batch {newest.batch} will be used after the next respawn" if newest.artefact != checkpoint.artefact else ""
    )
    return f"drives with batch {checkpoint.batch}{waits}"


def _figures(checkpoint: Checkpoint, weights: WeightsFollower) -> dict[str, float]:
    """age_s: how old the weights in use are; newest: batch of the newest weights that were seen."""
    return {
        "newest": (weights.newest or checkpoint).batch,
        "age_s": (now() - checkpoint.time).total_seconds(),
        "refused": sum(weights.refused.values()),
    }


def _in_use(checkpoint: Checkpoint) -> dict[str, Any]:
    return {"model": checkpoint.model, "batch": checkpoint.batch}
