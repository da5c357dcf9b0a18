"""charles run: some programs, kept running."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from charles.cli.run_command import clear_errors, load_settings

Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=VALUE", help="Change the pipeline's configuration first. Repeatable."),
]


def run_command(
    programs: Annotated[
        list[str] | None,
        typer.Argument(metavar="PROGRAM[=COUNT]...", help="collector, balancer, trainer, player.", show_default=False),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="Comes before the programs' names, if other machines run the same."),
    ] = None,
    changes: Changes = None,
    folder: Annotated[Path | None, typer.Option(help="Where logs go.", show_default="data/logs")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not show the logs, only what died.")] = False,
) -> None:
    """Keep programs running: what dies is started again, and Ctrl-C ends all of them without losing anything.

    Run some here and others in another terminal or on another machine: they meet in Kafka.

    With CHARLES_METRICS__PORT=9400 they offer Prometheus their metrics, on loopback, at 9400, 9401 and so on, each at
    the same after a restart; prometheus.json beside the logs lists them for the file_sd_configs of a Prometheus here.

    Example: charles run collector=2 balancer trainer player
    """
    with clear_errors():
        from charles.supervisor.instances import plan

        wanted = plan(programs or ())
        settings = load_settings(run={"name": name, "folder": folder})

        from charles.supervisor.run import run

        run(settings, wanted, changes or (), quiet=quiet)
