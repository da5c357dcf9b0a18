"""The demo: a supervisor with a broker and every program for a fixed time; then the evaluation."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from rich.console import Console

from charles.base.atomic_file import written
from charles.base.shutdown import Stop
from charles.config import Config, changed
from charles.control import config_topic
from charles.demo.broker import KeptBroker
from charles.demo.cluster import cluster
from charles.demo.preset import preset
from charles.demo.screen import DemoScreen
from charles.kafka import topic_admin
from charles.ledger import tick_ledger
from charles.programs import NAMES
from charles.settings import Settings
from charles.supervisor.instances import children, planned
from charles.supervisor.prometheus_targets import listed
from charles.supervisor.status_publisher import StatusPublisher
from charles.supervisor.supervisor import Supervisor
from charles.top.ledger_view import identity
from charles.top.pipeline_view import PipelineView

NAME = "demo"
"""Of its supervisor, for those who watch it or command it."""
_TURN_S = 0.5
_DRAIN_S = 20.0


class LedgerBroken(RuntimeError):
    """The ledger does not add up at the demo's end."""


def run(settings: Settings, console: Console, changes: Sequence[str] = ()) -> None:
    """Run the pipeline for settings.demo.minutes, or until told to stop, then evaluate what it has learned.

    changes: of the configuration, such as balance.bins=11; they come after the demo's own.
    Raises ConfigError, LedgerBroken, what cluster() and the evaluation raise, and OSError for a folder of no use.
    """

    def wanted(config: Config) -> Config:
        return changed(config, [*preset(changed(config, changes), settings.demo.minutes), *changes])

    wanted(Config())  # a wrong change is told before anything starts
    folder = settings.demo.folder
    with cluster(settings, console) as (settings, broker):
        stop = Stop(second_ends=False)
        topic_admin.ensure(settings.kafka)
        settings = config_topic.under(settings, config_topic.put(settings.kafka, wanted))
        console.print(
            f"{settings.config.game}, {settings.demo.minutes:g} minutes. Logs are in {folder / 'logs'}/. "
            f"In another terminal: charles top, charles ledger, charles topics, with "
            f"KAFKA_BOOTSTRAP_SERVERS={settings.kafka.bootstrap_servers}",
            style="dim",
        )
        _drive(settings, broker, console, stop)
        if stop():
            console.print("Stopped before the evaluation. Let `charles demo` run to its end for scores and plots.")
            return
        stop.second_ends = True  # nothing runs any more that would have to be ended in order
        _evaluate(settings, console, stop)


def _drive(settings: Settings, broker: KeptBroker | None, console: Console, stop: Stop) -> None:
    plan = dict.fromkeys(NAMES, 1) | {"collector": settings.demo.collectors, "recorder": 0, "annotator": 0}
    folder = settings.demo.folder / "logs"
    programs = children(settings, plan, "", folder)
    announcer = StatusPublisher(settings.kafka, NAME, stop)
    watch = PipelineView(settings.kafka)
    screen = DemoScreen(settings.demo.minutes * 60, watch, console)
    try:
        with (
            listed(planned(settings, plan, ""), folder, broker_port=settings.broker.metrics_port if broker else None),
            Supervisor(programs, announcer, stop, screen.tell) as supervisor,
        ):
            screen.follow(supervisor, broker, stop)
            if stop():
                console.print("Stopping all programs; press Ctrl-C to stop faster.")
            else:
                supervisor.end(["collector"])
                _drain(watch, supervisor, stop)
        watch.read(1.0)
    finally:
        watch.close()
    if not stop():
        _account(settings, console)


def _drain(watch: PipelineView, supervisor: Supervisor, stop: Stop) -> None:
    """Wait until what the collectors wrote is balanced."""
    deadline = time.monotonic() + _DRAIN_S
    while time.monotonic() < deadline and not stop():
        watch.read(_TURN_S)
        supervisor.look()
        if not any(status.lag > 0 for status in watch.status.values() if status.program == "balancer"):
            return


def _account(settings: Settings, console: Console) -> None:
    """Say where every tick went. Raises LedgerBroken."""
    ledgers = tick_ledger.read(settings.kafka)
    totals = tick_ledger.total(ledgers)
    facts = {"adds_up": all(run.adds_up for run in ledgers), "seen": totals.seen, **totals.terms, **totals.beside}
    with written(settings.demo.folder / "ledger.json") as path:
        path.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    console.print(identity(ledgers))
    if not facts["adds_up"]:
        raise LedgerBroken("the ledger does not add up: see `charles ledger`")


def _evaluate(settings: Settings, console: Console, stop: Stop) -> None:
    from charles.checkpoints.weights_file import save_weights
    from charles.evaluation import report, sources
    from charles.evaluation.collected import collect_pictures

    folder = settings.demo.folder
    newest = sources.newest_weights(settings, folder)
    save_weights(folder / sources.WEIGHTS_FILE, newest.manifest, newest.arrays)
    collect_pictures(settings.kafka, newest.manifest.model, folder)
    scores = report.evaluate_and_film(settings, newest, None, folder, console, settings.demo.seeds, stop)
    console.print(scores.table())
    console.print(f"Plots, the film and the scores are in {folder}/")
