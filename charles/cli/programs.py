"""charles collect | balance | train | play | record | annotate: each starts one program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charles.cli.run_command import run_by_hand, start

_SOURCES = ("balanced", "raw")

Name = Annotated[str | None, typer.Option(help="Of this instance; two that run at once need different ones.")]
Game = Annotated[
    str | None,
    typer.Option(help="city, carracing, or one that another package adds.", show_default="the configuration's"),
]

Model = Annotated[str | None, typer.Option(help="Its name.", show_default="the configuration's")]


def collect(
    name: Name = None,
    game: Game = None,
    seed: Annotated[int | None, typer.Option(help="Of the first world.")] = None,
    pace: Annotated[
        str | None,
        typer.Option(help="real: 30 Hz; max: as fast as the machine can.", show_default="the configuration's"),
    ] = None,
) -> None:
    """Drive with the game's own driver and publish what it sees and does.

    Example: charles collect --game city --name collector-2 --seed 20
    """
    start("collect", collector={"name": name, "game": game, "seed": seed, "pace": pace})


def balance(name: Name = None) -> None:
    """Join frames and controls, balance them, write whole sets, exactly once.

    Example: charles balance
    """
    start("balance", balancer={"name": name})


def train(
    name: Name = None,
    model: Model = None,
    recording: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Train on a recording, without a broker.", show_default=False),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TOPICS",
            help="Of it: balanced, or raw, which it balances.",
            show_default="balanced, if recorded",
        ),
    ] = None,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="The same weights each time, bit for bit, on one machine.")
    ] = False,
    batches: Annotated[int | None, typer.Option(min=1, help="So many, in all.", show_default="all there are")] = None,
    passes: Annotated[
        int | None,
        typer.Option(min=1, help="How often it is read.", show_default="once, or as often as --batches need"),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A configuration as JSON.", show_default="the recording's newest"),
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Change its configuration. Repeatable.")
    ] = None,
) -> None:
    """Learn from the balanced samples while they arrive; publish checkpoints.

    How it learns stands in the configuration: charles config show train. A second trainer of a model ends the first.

    With --recording, everything goes into a folder of data/offline called --name: weights, which charles evaluate
    --weights takes, and what every batch said, for charles plot loss. Ctrl-C saves and ends; the same command goes on.

    Example: charles train --recording monday --deterministic
    """
    if recording is not None:
        if source not in (None, *_SOURCES):
            raise typer.BadParameter(f"must be one of {', '.join(_SOURCES)}", param_hint="--from")
        run_by_hand(
            "train --recording",
            recording,
            overrides={"trainer": {"model": model}},
            source=source,
            name=name,
            config=config,
            changes=changes or (),
            deterministic=deterministic,
            batches=batches,
            passes=passes,
        )
        return
    alone = {"--from": source, "--batches": batches, "--passes": passes, "--config": config, "--set": changes}
    for option, given in (alone | {"--deterministic": deterministic or None}).items():
        if given is not None:
            raise typer.BadParameter("goes with --recording alone", param_hint=option)
    start("train", trainer={"name": name, "model": model})


def play(
    name: Name = None,
    game: Game = None,
    model: Model = None,
    seed: Annotated[int | None, typer.Option(help="Of the world it drives in.")] = None,
) -> None:
    """Drive with the newest weights, live.

    Example: charles play --game city
    """
    start("play", player={"name": name, "game": game, "model": model, "seed": seed})


def record(
    recording: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|DIR",
            help="Of the recording: in recordings.folder, or anywhere. One that was not finished goes on.",
            show_default="one without a name that was killed, else a new one named by the time",
        ),
    ] = None,
    name: Name = None,
    topics: Annotated[
        str | None,
        typer.Option(help="Which, without the prefix.", show_default="frames,controls,balanced,training"),
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="now|beginning|TIME",
            help="Where a new recording begins: with what comes from now on, with all that the topics hold, or at a "
            "time: 2026-01-31T12:00:00 (UTC unless it says otherwise), 10m, '10m ago'.",
            show_default="now",
        ),
    ] = None,
    duration: Annotated[
        str | None,
        typer.Option(help="For how long: 90s, 5m, 1h30m.", show_default="until it is told to stop"),
    ] = None,
    compression: Annotated[
        str | None, typer.Option(help="null, deflate, zstandard; pictures do not shrink.", show_default="null")
    ] = None,
) -> None:
    """Write topics into a folder, exact to the byte: as Avro files that any tool reads, for training without a game.

    Ctrl-C completes the recording. One that was killed goes on where its data ends, without a gap or a repeat, when the
    same command is given again. With a full disk it waits for room.

    Example: charles record monday --from beginning
    """
    chosen = {
        "recording": recording,
        "name": name,
        "topics": topics.split(",") if topics is not None else None,
        "begin": begin,
        "duration": duration,
        "compression": compression,
    }
    start("record", recorder=chosen)


def annotate() -> None:
    """Write checkpoints, changes of the configuration, alarms and dead letters onto Grafana's dashboards.

    GRAFANA_URL says where it is; GRAFANA_TOKEN, or CHARLES_GRAFANA__USER and GRAFANA_PASSWORD, who may write there.

    Example: charles annotate
    """
    start("annotate")
