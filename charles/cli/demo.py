"""charles demo: everything at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charles.cli.run import Changes
from charles.cli.run_command import clear_errors, load_settings


def demo_command(
    game: Annotated[
        str | None, typer.Option(help="Which game: city, carracing, or one you installed.", show_default="city")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="How long it learns.", show_default="10")] = None,
    collectors: Annotated[int | None, typer.Option(help="How many copies of the game.", show_default="2")] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Unseen worlds to score on.", show_default="5, or 20 where drives are short")
    ] = None,
    outputs: Annotated[
        str | None,
        typer.Option(
            help="What it learns, with commas between: acceleration_braking (or acceleration, braking), steering; "
            "each plain or with a type after it: :classification, :classification(-0.5/0/0.5), :delta.",
            show_default="acceleration_braking,steering",
        ),
    ] = None,
    balancing: Annotated[str | None, typer.Option(help="Which balancing: v1 to v4.", show_default="v3")] = None,
    folder: Annotated[Path | None, typer.Option(help="Where pictures and scores go.", show_default="demo")] = None,
    changes: Changes = None,
) -> None:
    """Start a broker, collectors, balancer, trainer and player, watch them learn, then score what they have learned.

    Nothing else has to be installed or running. What dies is started again; Ctrl-C ends it at any time.

    With CHARLES_METRICS__PORT=9400 the programs offer Prometheus their metrics, as those of charles run do.

    Example: charles demo --game carracing --minutes 15
    Example: charles demo --outputs steering:delta,acceleration_braking:classification --balancing v4
    """
    with clear_errors():
        from rich.console import Console

        from charles.demo.run import run

        settings = load_settings(
            demo={"minutes": minutes, "collectors": collectors, "seeds": seeds, "folder": folder},
        )
        chosen = {"game": game, "outputs": outputs, "balance.version": balancing}
        first = [f"{field}={value}" for field, value in chosen.items() if value is not None]
        run(settings, Console(), [*first, *(changes or ())])
