"""`charles run`: runs programs and restarts them when they crash."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charles.cli.run_command import clear_errors, load_settings

Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="FIELD=VALUE", help="Change a field of the pipeline's configuration first. Repeatable."
    ),
]


def run_command(
    programs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROGRAM[=COUNT]...",
            help="Programs to run: collector, balancer, trainer, player; NAME=N runs N of them.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="NAME",
            help="Prefix for the programs' names; needed if other machines run the same programs.",
        ),
    ] = None,
    changes: Changes = None,
    folder: Annotated[Path | None, typer.Option(help="Folder for logs.", show_default="data/logs")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not show the programs' logs, only crashes.")] = False,
) -> None:
    """Run programs and restart them when they crash. Ctrl-C stops all of them without losing data.

    You can run some here and others in another terminal or on another machine: they communicate through Kafka.

    Set CHARLES_METRICS__PORT=9400 to expose Prometheus metrics on loopback at ports 9400, 9401 and so on. A program
    keeps its port after a restart. prometheus.json, beside the logs, lists the targets for file_sd_configs of a
    Prometheus on this machine.

    Example: charles run collector=2 balancer trainer player
    """
    with clear_errors():
        from charles.supervisor.instances import plan

        wanted = plan(programs or ())
        settings = load_settings(run={"name": name, "folder": folder})

        from charles.supervisor.run import run

        run(settings, wanted, changes or (), quiet=quiet)
