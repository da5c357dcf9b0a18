"""The whole evaluation: three drivers over the same unseen worlds, their scores, and the film."""

from __future__ import annotations

import functools
import itertools
import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from rich.console import Console

from charles.base.atomic_file import written
from charles.base.progress import step_bar
from charles.evaluation.drivers import Network, npc
from charles.evaluation.driving import Driver, EvaluationDrive
from charles.evaluation.film import draw_film, shoot
from charles.evaluation.scores import FIRST_UNSEEN_SEED, Scores, evaluate
from charles.evaluation.sources import Weights
from charles.evaluation.workers import never
from charles.games.game import open_game
from charles.settings import Settings
from charles.version import VERSION

UNTRAINED, NEWEST, NPC = "untrained", "newest", "npc"

DEFAULT_SEEDS = {"distance": 5, "reward": 20}
MOST_WORKERS = 4  # each holds a TensorFlow of its own


class WrongGame(RuntimeError):
    """The weights were trained on other pictures than this game's."""


def evaluate_and_film(
    settings: Settings,
    newest: Weights,
    untrained: Weights | None,
    folder: Path,
    told: Console,
    seeds: int | None = None,
    stop: Callable[[], bool] = never,
) -> Scores:
    """Drive all three in the player's game, with a progress bar; writes scores.json and drive.gif into the folder.

    seeds: how many unseen worlds; by default 5 where drives are long, 20 where a game scores short episodes. Without
    untrained weights a network is built as a trainer of the same seed would.
    Raises WrongGame, ConfigError where there is no such game, and Interrupted when stop says so.
    """
    name = settings.driven_game
    score, picture_size = _facts_of_game(name)
    drivers = _drivers(settings, picture_size, newest, untrained)
    worlds = range(FIRST_UNSEEN_SEED, FIRST_UNSEEN_SEED + (seeds or DEFAULT_SEEDS[score]))
    open_world = functools.partial(open_game, name)
    workers = min(os.cpu_count() or 1, len(worlds), MOST_WORKERS)
    unit = "m" if score == "distance" else "points"
    count = itertools.count(1)
    with step_bar("drives", told) as progress:

        def finished(driver: str, drive: EvaluationDrive) -> None:
            last = f"driving; {driver}, world {drive.seed}: {drive.score:,.0f} {unit}"
            progress(last, next(count), len(worlds) * len(drivers))

        progress("driving", 0, len(worlds) * len(drivers))
        scores = evaluate(
            name, open_world, drivers, worlds, settings.config.unstuck, workers=workers, finished=finished, stop=stop
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_scores(folder / "scores.json", scores, newest)
    film(folder / "drive.gif", settings, scores, drivers, newest.manifest.batch, stop)
    return scores


def film(
    path: Path,
    settings: Settings,
    scores: Scores,
    drivers: dict[str, Driver],
    batch: int,
    stop: Callable[[], bool] = never,
) -> None:
    """Untrained and newest weights side by side, in the world of the newest weights' median drive. Raises
    Interrupted."""
    drives = sorted(scores.drives[NEWEST], key=lambda drive: drive.score)
    seed = drives[len(drives) // 2].seed
    panels = []
    for name, title in ((UNTRAINED, "untrained"), (NEWEST, f"after {batch:,} batches")):
        with closing(open_game(scores.game, seed)) as game:
            panels.append((title, shoot(game, drivers[name], seed, settings.config.unstuck, stop=stop)))
    draw_film(path, panels, scores.unit)


def write_scores(path: Path, scores: Scores, newest: Weights) -> None:
    """Raises Unwritable."""
    with written(path) as file:
        file.write_text(json.dumps(facts(scores, newest), indent=2) + "\n", encoding="utf-8")


def facts(scores: Scores, newest: Weights) -> dict[str, object]:
    """The scores and what drove them, as JSON has it."""
    manifest = newest.manifest
    weights = {"model": manifest.model, "line": manifest.line, "batch": manifest.batch, "artefact": manifest.artefact}
    return scores.as_json() | {"weights": weights | {"where": newest.where}, "code": VERSION}


def _drivers(
    settings: Settings, picture_size: tuple[int, int], newest: Weights, untrained: Weights | None
) -> dict[str, Driver]:
    manifest, game = newest.manifest, settings.driven_game
    height, width = picture_size
    if (manifest.picture_width, manifest.picture_height) != (width, height):
        raise WrongGame(
            f"the weights from {newest.where} were trained on pictures of {manifest.picture_width}x"
            f"{manifest.picture_height}, but {game} shows {width}x{height}: name the right game with --game"
        )
    before = None if untrained is None else untrained.arrays
    return {
        UNTRAINED: Network(manifest, before, settings.config.train.seed),
        NEWEST: Network(manifest, newest.arrays),
        NPC: npc,
    }


def _facts_of_game(name: str) -> tuple[str, tuple[int, int]]:
    """How it is scored, and its pictures' (height, width)."""
    with closing(open_game(name, FIRST_UNSEEN_SEED)) as game:
        return game.episode.score, game.picture_size
