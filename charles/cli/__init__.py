"""The `charles` command. Heavy imports happen inside the commands, so that `charles --help` answers at once."""

from __future__ import annotations

import typer

from charles.cli import config, deadletters, kafka
from charles.cli.bench import bench_command
from charles.cli.command import command_command
from charles.cli.demo import demo_command
from charles.cli.evaluate import evaluate_command
from charles.cli.ledger import ledger_command
from charles.cli.programs import balance, collect, play, train
from charles.cli.run import run_command
from charles.cli.status import status_command
from charles.cli.top import top_command
from charles.cli.topics import reset_command, topics_command

app = typer.Typer(
    name="charles",
    help="Teach a car in a video game to drive, live. Begin with: charles demo",
    no_args_is_help=True,
    rich_markup_mode=None,  # to import rich takes longer than everything else that a help needs
    pretty_exceptions_show_locals=False,  # a local may hold a password
)
app.command("demo")(demo_command)
app.command("run")(run_command)
app.command("evaluate")(evaluate_command)
app.command("bench")(bench_command)
app.command("collect")(collect)
app.command("balance")(balance)
app.command("train")(train)
app.command("play")(play)
app.command("top")(top_command)
app.command("status")(status_command)
app.command("command")(command_command)
app.add_typer(config.app, name="config")
app.command("topics")(topics_command)
app.command("ledger")(ledger_command)
app.command("reset")(reset_command)
app.add_typer(deadletters.app, name="deadletters")
app.add_typer(kafka.app, name="kafka")
