"""`charles evaluate`: how far the newest weights get in worlds that were not used for training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charles.cli.printing import say, table_console
from charles.cli.run_command import clear_errors, load_settings


def evaluate_command(
    game: Annotated[
        str | None, typer.Option(help="Game: city, carracing, or one that you installed.", show_default="city")
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(min=1, help="Number of unseen worlds.", show_default="5, or 20 where a game has its own score"),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            help="Weights file to evaluate.", show_default="the newest on the model topic, else the one in the folder"
        ),
    ] = None,
    untrained: Annotated[
        Path | None,
        typer.Option(
            help="Weights file from before training.", show_default="found on the topic or in the folder, else rebuilt"
        ),
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="Folder for plots and scores.", show_default="demo")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores of every drive as JSON.")] = False,
) -> None:
    """Compare untrained weights, the newest weights and the game's own driver in the same unseen worlds.

    Driving does not use Kafka. A drive ends at the first crash or when the car is stuck. Writes scores.json and
    drive.gif; if the broker is reachable also loss.png, balance.png and balance.html.

    Example: charles evaluate --game city --weights demo/weights.safetensors
    """
    with clear_errors():
        import json

        from charles.base.shutdown import Stop
        from charles.base.terminal import TextConsole
        from charles.evaluation import report, sources
        from charles.evaluation.collected import collect_pictures

        stop = Stop()
        told = TextConsole(stderr=True)
        settings = sources.configured(load_settings(player={"game": game}, demo={"folder": folder}))
        where = settings.demo.folder
        newest = sources.from_file(weights) if weights else sources.newest_weights(settings, where)
        before = sources.from_file(untrained) if untrained else sources.untrained_weights(settings, newest, where)
        told.print(f"{newest.manifest.model} after {newest.manifest.batch:,} batches, from {newest.where}")
        scores = report.evaluate_and_film(settings, newest, before, where, told, seeds, stop)
        if newest.on_topic:
            collect_pictures(settings.kafka, newest.manifest.model, where)
        if as_json:
            say(json.dumps(report.facts(scores, newest), indent=2))
        else:
            table_console().print(scores.table())
            told.print(f"Plots and scores are in {where}/")
