"""The `charles` command. Heavy imports happen inside the commands, so that `charles --help` answers at once."""

from __future__ import annotations

import typer

from charles.cli import config, deadletters, grafana, kafka, plot, recordings
from charles.cli.acls import acls_command
from charles.cli.bench import bench_command
from charles.cli.command import command_command
from charles.cli.demo import demo_command
from charles.cli.evaluate import evaluate_command
from charles.cli.ledger import ledger_command
from charles.cli.programs import annotate, balance, collect, play, record, train
from charles.cli.replay import replay_command
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
app.command("demo", short_help="Everything at once, for ten minutes: watch it learn.")(demo_command)
app.command("run", short_help="Keep programs running, here or on any machine.")(run_command)
app.command("evaluate", short_help="Score the newest weights in unseen worlds.")(evaluate_command)
app.command("bench", short_help="Measure the pipeline beside yardsticks.")(bench_command)
app.command("collect", short_help="Drive by the game's own driver; publish what it sees and does.")(collect)
app.command("balance", short_help="Join, balance, and write whole sets, exactly once.")(balance)
app.command("train", short_help="Learn from balanced samples while they arrive.")(train)
app.command("play", short_help="Drive with the newest weights, live.")(play)
app.command("record", short_help="Write topics into a folder, exact to the byte.")(record)
app.command("replay", short_help="Put what was recorded back into topics, at its pace.")(replay_command)
app.command("annotate", short_help="Write what happens onto Grafana's dashboards.")(annotate)
app.command("top", short_help="Watch a running pipeline, live.")(top_command)
app.command("status", short_help="One row for every program; --self is a health check.")(status_command)
app.command("command", short_help="Tell programs to pause, resume, stop, ... and hear the outcome.")(command_command)
app.add_typer(config.app, name="config", short_help="Show and change what the pipeline agrees on.")
app.command("topics", short_help="Sizes, rates, lag, and what differs from the table.")(topics_command)
app.command("acls", short_help="What each program must be allowed on a cluster with ACLs.")(acls_command)
app.command("ledger", short_help="Where every tick went, and whether it adds up.")(ledger_command)
app.add_typer(plot.app, name="plot", short_help="Draw what the topics hold: balance, loss.")
app.command("reset", short_help="Delete every topic and group under the prefix.")(reset_command)
app.add_typer(deadletters.app, name="deadletters", short_help="What could not be used: why, whose, where.")
app.add_typer(recordings.app, name="recordings", short_help="What was recorded: how much, and whether it is whole.")
app.add_typer(grafana.app, name="grafana", short_help="Put the dashboards into a Grafana; check that they are ours.")
app.add_typer(kafka.app, name="kafka", short_help="A real Kafka on this machine: start, stop, status, logs.")
