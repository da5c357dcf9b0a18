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
    help="Teach a car in a video game to drive, live. Start with: charles demo",
    no_args_is_help=True,
    rich_markup_mode=None,  # to import rich takes longer than everything else that a help needs
    pretty_exceptions_show_locals=False,  # a local may hold a password
)
app.command("demo", short_help="Run the whole pipeline here for ten minutes and watch it learn.")(demo_command)
app.command("run", short_help="Run programs and restart them when they crash.")(run_command)
app.command("evaluate", short_help="Score the newest weights in worlds not used for training.")(evaluate_command)
app.command("bench", short_help="Benchmark the pipeline against bare baselines.")(bench_command)
app.command("collect", short_help="Drive with the game's own driver; publish frames and controls.")(collect)
app.command("balance", short_help="Join frames and controls into balanced sets, exactly once.")(balance)
app.command("train", short_help="Train on balanced samples as they arrive, or on a recording.")(train)
app.command("play", short_help="Drive with the newest weights, live.")(play)
app.command("record", short_help="Record topics into a folder, byte for byte.")(record)
app.command("replay", short_help="Publish a recording to topics at its recorded pace.")(replay_command)
app.command("annotate", short_help="Write events as annotations to Grafana's dashboards.")(annotate)
app.command("top", short_help="Show a live view of a running pipeline.")(top_command)
app.command("status", short_help="Show one row per program; --self is a health check.")(status_command)
app.command("command", short_help="Pause, resume or stop programs and print the outcome.")(command_command)
app.add_typer(config.app, name="config", short_help="Show and change the pipeline's configuration.")
app.command("topics", short_help="Show topics: size, rate, lag, differences from the topic table.")(topics_command)
app.command("acls", short_help="Print or create the ACLs that each program needs.")(acls_command)
app.command("ledger", short_help="Show where every tick went, and whether the ledger adds up.")(ledger_command)
app.add_typer(plot.app, name="plot", short_help="Plot the balance of the data, or the training loss.")
app.command("reset", short_help="Delete all topics and consumer groups under the prefix.")(reset_command)
app.add_typer(deadletters.app, name="deadletters", short_help="Show records that could not be used, and why.")
app.add_typer(recordings.app, name="recordings", short_help="List, verify, edit, import and export recordings.")
app.add_typer(grafana.app, name="grafana", short_help="Upload the dashboards to a Grafana, or compare them with it.")
app.add_typer(kafka.app, name="kafka", short_help="Run a local Kafka broker: start, stop, status, logs.")
