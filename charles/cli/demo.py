"""`charles demo`: the whole pipeline on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charles.cli.run import Changes
from charles.cli.run_command import clear_errors, load_settings


def demo_command(
    game: Annotated[
        str | None, typer.Option(help="Game: city, carracing, or one that you installed.", show_default="city")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Minutes to train.", show_default="10")] = None,
    collectors: Annotated[
        int | None, typer.Option(help="Number of collectors, each with its own copy of the game.", show_default="2")
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(help="Number of unseen worlds to score on.", show_default="5, or 20 where drives are short"),
    ] = None,
    outputs: Annotated[
        str | None,
        typer.Option(
            help="Outputs to predict, separated by commas: acceleration_braking (or acceleration, braking), steering. "
            "Append a type to an output: :classification, :classification(-0.5/0/0.5) or :delta.",
            show_default="acceleration_braking,steering",
        ),
    ] = None,
    balancing: Annotated[str | None, typer.Option(help="Balancing version: v1 to v4.", show_default="v3")] = None,
    folder: Annotated[Path | None, typer.Option(help="Folder for plots and scores.", show_default="demo")] = None,
    changes: Changes = None,
) -> None:
    """Start a broker, collectors, a balancer, a trainer and a player, show them live, then score the trained model.

    Nothing else needs to be installed or running. Crashed programs are restarted; Ctrl-C ends the demo at any time.

    Set CHARLES_METRICS__PORT=9400 to expose Prometheus metrics, as with charles run.

    Example: charles demo --game carracing --minutes 15

    Example: charles demo --outputs steering:delta,acceleration_braking:classification --balancing v4
    """
    with clear_errors():
        from charles.base.terminal import TextConsole
        from charles.demo.run import run

        settings = load_settings(
            demo={"minutes": minutes, "collectors": collectors, "seeds": seeds, "folder": folder},
        )
        chosen = {"game": game, "outputs": outputs, "balance.version": balancing}
        first = [f"{field}={value}" for field, value in chosen.items() if value is not None]
        run(settings, TextConsole(), [*first, *(changes or ())])
