"""`charles collect | balance | train | play | record | annotate`: each starts one program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charles.cli.run_command import run_by_hand, start

_SOURCES = ("balanced", "raw")

Name = Annotated[str | None, typer.Option(help="Name of this instance; must be unique among running instances.")]
Game = Annotated[
    str | None,
    typer.Option(help="Game: city, carracing, or one that another package adds.", show_default="the configuration's"),
]

Model = Annotated[str | None, typer.Option(help="Name of the model.", show_default="the configuration's")]


def collect(
    name: Name = None,
    game: Game = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the first world.")] = None,
    pace: Annotated[
        str | None,
        typer.Option(
            help="Pace: real (30 Hz) or max (as fast as the machine allows).", show_default="the configuration's"
        ),
    ] = None,
) -> None:
    """Drive with the game's own driver and publish its frames and controls.

    Example: charles collect --game city --name collector-2 --seed 20
    """
    start("collect", collector={"name": name, "game": game, "seed": seed, "pace": pace})


def balance(name: Name = None) -> None:
    """Join frames and controls, balance them, and write complete sets, exactly once.

    Example: charles balance
    """
    start("balance", balancer={"name": name})


def train(
    name: Name = None,
    model: Model = None,
    recording: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Train on this recording instead of topics; needs no broker.", show_default=False
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TOPICS",
            help="Topics to train on: balanced samples, or raw frames and controls (balanced on the fly).",
            show_default="balanced if recorded, else raw",
        ),
    ] = None,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="Make runs on one machine reproducible, bit for bit.")
    ] = False,
    batches: Annotated[
        int | None, typer.Option(min=1, help="Stop after this many batches.", show_default="until all samples are used")
    ] = None,
    passes: Annotated[
        int | None,
        typer.Option(
            min=1, help="Number of passes over the recording.", show_default="1, or as many as --batches needs"
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="JSON file with the configuration to train under.",
            show_default="the newest in the recording",
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Change a field of that configuration. Repeatable."),
    ] = None,
) -> None:
    """Train on balanced samples as they arrive and publish checkpoints.

    Training options are in the pipeline's configuration: charles config show train. Starting a second trainer of a
    model stops the first.

    With --recording, results go to the folder data/offline/NAME: the weights for charles evaluate --weights, and the
    losses for charles plot loss. Ctrl-C saves a checkpoint and stops; the same command resumes.

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
            raise typer.BadParameter("is only valid with --recording", param_hint=option)
    start("train", trainer={"name": name, "model": model})


def play(
    name: Name = None,
    game: Game = None,
    model: Model = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the world to drive in.")] = None,
) -> None:
    """Drive with the newest weights, and swap in newer ones as they are published.

    Example: charles play --game city
    """
    start("play", player={"name": name, "game": game, "model": model, "seed": seed})


def record(
    recording: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|DIR",
            help="Folder of the recording: a path, or a name in recordings.folder. An unfinished recording is resumed.",
            show_default="an unfinished unnamed recording, else a new one named after the time",
        ),
    ] = None,
    name: Name = None,
    topics: Annotated[
        str | None,
        typer.Option(help="Topics to record, without the prefix.", show_default="frames,controls,balanced,training"),
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="now|beginning|TIME",
            help="Start of a new recording: now, beginning (all that the topics hold), or a time: 2026-01-31T12:00:00 "
            "(UTC unless it says otherwise), 10m, '10m ago'.",
            show_default="now",
        ),
    ] = None,
    duration: Annotated[
        str | None,
        typer.Option(help="Stop after this time, such as 90s, 5m or 1h30m.", show_default="until stopped"),
    ] = None,
    compression: Annotated[
        str | None,
        typer.Option(help="Compression: null, deflate or zstandard; pictures do not get smaller.", show_default="null"),
    ] = None,
) -> None:
    """Record topics into a folder, byte for byte, as standard Avro files. A recording can be trained on without a game.

    Ctrl-C completes the recording. After a crash the same command resumes where the data ends, without gaps or
    duplicates. While the disk is full, the recorder waits for space.

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
    """Write checkpoints, configuration changes, alarms and dead letters as annotations to Grafana's dashboards.

    Set GRAFANA_URL to its address, and GRAFANA_TOKEN (or CHARLES_GRAFANA__USER and GRAFANA_PASSWORD) to log in.

    Example: charles annotate
    """
    start("annotate")
