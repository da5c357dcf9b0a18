"""charles collect | balance | train | play: each starts one program."""

from __future__ import annotations

from typing import Annotated

import typer

from charles.cli.running import start
from charles.programs import PROGRAMS

_MODULES = {program.verb: program.module for program in PROGRAMS}

Name = Annotated[str | None, typer.Option(help="Of this instance; two that run at once need different ones.")]
Game = Annotated[str | None, typer.Option(help="Which game: city, carracing, or one that another package adds.")]


def collect(
    name: Name = None,
    game: Game = None,
    seed: Annotated[int | None, typer.Option(help="Of the first world.")] = None,
    pace: Annotated[str | None, typer.Option(help="real: 30 Hz; max: as fast as the machine can.")] = None,
) -> None:
    """Drive with the game's own driver and publish what it sees and does.

    Example: charles collect --game city --name collector-2 --seed 20
    """
    start(_MODULES["collect"], collect={"name": name, "game": game, "seed": seed, "pace": pace})


def balance(name: Name = None) -> None:
    """Join frames and controls, balance them, write whole sets, exactly once.

    Example: charles balance
    """
    start(_MODULES["balance"], balance={"name": name})


def train(
    model: Annotated[str | None, typer.Option(help="Its name; a second trainer of a model ends the first.")] = None,
    buffer: Annotated[int | None, typer.Option(help="Samples per output.")] = None,
    uses: Annotated[int | None, typer.Option(help="How often a sample is drawn before it leaves its buffer.")] = None,
) -> None:
    """Learn from the balanced samples while they arrive; publish checkpoints.

    Example: charles train --buffer 800 --uses 8
    """
    start(_MODULES["train"], train={"model": model, "buffer": buffer, "uses_per_sample": uses})


def play(
    name: Name = None,
    game: Game = None,
    seed: Annotated[int | None, typer.Option(help="Of the world it drives in.")] = None,
    swap: Annotated[str | None, typer.Option(help="When new weights take over: 'unstuck' or 'at once'.")] = None,
) -> None:
    """Drive with the newest weights, live.

    Example: charles play --game city --swap "at once"
    """
    start(_MODULES["play"], play={"name": name, "game": game, "seed": seed, "swap": swap})
