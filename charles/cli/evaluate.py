"""`charles evaluate`: how far the newest weights get in worlds that nobody learned from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charles.cli.run_command import clear_errors, load_settings
from charles.cli.tables import table_console


def evaluate_command(
    game: Annotated[
        str | None, typer.Option(help="Which game: city, carracing, or one you installed.", show_default="city")
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(min=1, help="How many unseen worlds.", show_default="5, or 20 where a game has its own score"),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            help="A file of weights to evaluate.", show_default="the newest on the model topic, or the folder's"
        ),
    ] = None,
    untrained: Annotated[
        Path | None,
        typer.Option(help="A file of the weights before training.", show_default="found, or built anew"),
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="Where pictures and scores go.", show_default="demo")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON, with every drive.")] = False,
) -> None:
    """Drive the untrained weights, the newest ones and the game's own driver through the same unseen worlds.

    No Kafka in the driving, and no second chances: a drive ends with its first crash, or when the car is stuck. Writes
    scores.json and drive.gif, and, while the broker is there, loss.png, balance.png and balance.html.

    Example: charles evaluate --game city --weights demo/weights.safetensors
    """
    with clear_errors():
        import json

        from rich.console import Console

        from charles.base.shutdown import Stop
        from charles.evaluation import report, sources
        from charles.evaluation.collected import collect_pictures

        stop = Stop()
        told = Console(stderr=True)
        settings = sources.configured(load_settings(player={"game": game}, demo={"folder": folder}))
        where = settings.demo.folder
        newest = sources.from_file(weights) if weights else sources.newest_weights(settings, where)
        before = sources.from_file(untrained) if untrained else sources.untrained_weights(settings, newest, where)
        told.print(f"{newest.manifest.model} after {newest.manifest.batch:,} batches, from {newest.where}")
        scores = report.evaluate_and_film(settings, newest, before, where, told, seeds, stop)
        if newest.on_topic:
            collect_pictures(settings.kafka, newest.manifest.model, where)
        if as_json:
            typer.echo(json.dumps(report.facts(scores, newest), indent=2))
        else:
            table_console().print(scores.table())
            told.print(f"Pictures and scores are in {where}/")
