"""The demo itself: a broker, the topics, every program, a clock; then the evaluation."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from charles import config_log, ledger, topic_admin
from charles.config import changed
from charles.demo import view
from charles.demo.preset import preset
from charles.demo.watching import Watch
from charles.programs import PROGRAMS
from charles.settings import Settings
from charles.stopping import Stop
from charles.supervisor import Child, Supervisor
from infra.kafka import BrokerError
from infra.kafka.broker import LocalBroker, somebody_elses_cluster
from infra.kafka.ports import free_port, require_free

_REFRESH_S = 0.5
_PLAIN_EVERY_S = 10.0
_DRAIN_S = 20.0
_STOP_S = 15.0
_HURRY_S = 3.0
_WORLDS_PER_COLLECTOR = 10_000


class LedgerBroken(RuntimeError):
    """The ledger does not add up at the demo's end."""


def run(settings: Settings, console: Console, changes: Sequence[str] = ()) -> None:
    """Run the pipeline for settings.demo.minutes, or until told to stop, then evaluate what it has learned.

    Raises BrokerError, LedgerBroken, what the evaluation raises, and KeyboardInterrupt while the broker starts.
    """
    folder = settings.demo.folder
    folder.mkdir(parents=True, exist_ok=True)
    with _cluster(settings, console) as (settings, broker):
        stop = Stop()
        topic_admin.ensure(settings.kafka)
        settings = config_log.under(
            settings, config_log.put(settings.kafka, lambda config: preset(changed(config, changes)))
        )
        console.print(
            f"[dim]{settings.config.game}, {settings.demo.minutes:g} minutes. Logs are in {folder / 'logs'}/. "
            f"In another terminal: charles ledger, charles topics, with "
            f"KAFKA_BOOTSTRAP_SERVERS={settings.kafka.bootstrap_servers}[/]"
        )
        _drive(settings, broker, console, stop)
        if stop():
            console.print("Stopped. `charles demo` runs it to its end, with scores and pictures.")
            return
        _evaluate(settings, console, stop)


def _drive(settings: Settings, broker: LocalBroker | None, console: Console, stop: Stop) -> None:
    children = _children(settings)
    watch = Watch(settings.kafka)
    try:
        with Supervisor(children) as supervisor:
            _watch_over(settings, supervisor, broker, watch, console, stop)
            _end(supervisor, watch, stop)
    finally:
        watch.close()
    if stop():
        return
    ledgers = ledger.read(settings.kafka)
    totals = ledger.total(ledgers)
    facts = {"adds_up": all(run.adds_up for run in ledgers), "seen": totals.seen, **totals.terms, **totals.beside}
    (settings.demo.folder / "ledger.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    console.print(view.ledger_line(watch))
    if not facts["adds_up"]:
        raise LedgerBroken("the ledger does not add up: see `charles ledger`")


def _watch_over(
    settings: Settings, supervisor: Supervisor, broker: LocalBroker | None, watch: Watch, console: Console, stop: Stop
) -> None:
    began = time.monotonic()
    total_s = settings.demo.minutes * 60
    news: list[str] = []
    next_line = 0.0
    live = Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else nullcontext()
    with live as screen:
        while (elapsed := time.monotonic() - began) < total_s and not stop():
            watch.read(_REFRESH_S)
            told = [*_keep_running(broker), *supervisor.keep_running()]
            news += told
            if screen is not None:
                servers = settings.kafka.bootstrap_servers
                screen.update(view.live_view(watch, supervisor.children, news, elapsed, total_s, servers))
                continue
            for line in told:
                console.print(line)
            if elapsed >= next_line:
                next_line = elapsed + _PLAIN_EVERY_S
                console.print(view.plain_line(watch, elapsed), highlight=False, soft_wrap=True)


def _keep_running(broker: LocalBroker | None) -> list[str]:
    """Start the broker again if it died; it reads its log and loses nothing that was acknowledged."""
    if broker is None or broker.started_here:
        return []
    reason = broker.why_it_died()
    broker.start(detached=False)
    return [f"the broker died ({reason}) and is back"]


def _end(supervisor: Supervisor, watch: Watch, stop: Stop) -> None:
    """First those who write, then those who read what they wrote; all at once when somebody waits at the keyboard."""
    if stop():
        supervisor.stop(supervisor.children, _HURRY_S)
        return
    by_verb = {verb: [c for c in supervisor.children if c.program.verb == verb] for verb in ("collect", "balance")}
    supervisor.stop(by_verb["collect"], _STOP_S)
    deadline = time.monotonic() + _DRAIN_S
    while time.monotonic() < deadline and not stop() and any(_lag(watch, child) for child in by_verb["balance"]):
        watch.read(_REFRESH_S)
    supervisor.stop(by_verb["balance"], _STOP_S)
    supervisor.stop(supervisor.children, _STOP_S)
    watch.read(1.0)


def _lag(watch: Watch, child: Child) -> int:
    status = watch.status.get(child.name)
    return status.lag if status else 0


def _children(settings: Settings) -> list[Child]:
    programs = {program.verb: program for program in PROGRAMS}
    logs = settings.demo.folder / "logs"
    collectors = [
        Child(programs["collect"], one.collector.name, one, logs)
        for one in (collector_settings(settings, index) for index in range(settings.demo.collectors))
    ]
    return [
        *collectors,
        Child(programs["balance"], settings.balancer.name, settings, logs),
        # it takes all the time it gets, and those who must keep 30 Hz come first
        Child(programs["train"], settings.trainer.name, settings, logs, yields=True),
        Child(programs["play"], settings.player.name, settings, logs),
    ]


def collector_settings(settings: Settings, index: int) -> Settings:
    """The settings of one of several collectors: a name and worlds of its own."""
    own = {"name": f"collector-{index + 1}", "seed": settings.collector.seed + index * _WORLDS_PER_COLLECTOR}
    return settings.model_copy(update={"collector": settings.collector.model_copy(update=own)})


def _evaluate(settings: Settings, console: Console, stop: Stop) -> None:
    from charles.evaluation import report, sources
    from charles.evaluation.collected import collect_pictures
    from charles.evaluation.weights_file import save_weights

    folder = settings.demo.folder
    newest = sources.newest_weights(settings, folder)
    save_weights(folder / sources.WEIGHTS_FILE, newest.manifest, newest.arrays)
    collect_pictures(settings.kafka, newest.manifest.model, folder)
    scores = report.evaluate_and_film(settings, newest, None, folder, console, settings.demo.seeds, stop)
    console.print(scores.table())
    console.print(f"Pictures, the film and the scores are in {folder}/")


@contextmanager
def _cluster(settings: Settings, console: Console) -> Iterator[tuple[Settings, LocalBroker | None]]:
    """The settings with a cluster that answers: somebody's own, or a broker that lives as long as the demo."""
    servers = somebody_elses_cluster(settings)
    if servers:
        console.print(f"The cluster {servers} is in use; what is under {settings.kafka.prefix} there goes on.")
        yield settings, None
        return
    broker = LocalBroker(settings.demo.folder / "kafka", _port(settings))
    _forget_last_demo(broker)
    with _progress(console) as (progress, task):
        servers = broker.start(
            lambda step, done, total: progress.update(
                task, description=step, completed=done, total=total, visible=True
            ),
            detached=False,
        )
    try:
        kafka = settings.kafka.model_copy(update={"bootstrap_servers": servers})
        yield settings.model_copy(update={"kafka": kafka}), broker
    finally:
        broker.stop(_HURRY_S)


def _port(settings: Settings) -> int:
    """The broker's port; any free one where nobody chose it and the usual one is taken."""
    try:
        require_free(settings.broker.port)
    except BrokerError:
        if "port" in settings.broker.model_fields_set:
            raise
        return free_port()
    return settings.broker.port


def _forget_last_demo(broker: LocalBroker) -> None:
    """A demo shows how it learns from nothing. Raises RuntimeError where one runs, or the folder is no broker's."""
    last = broker.status()
    if last.running:
        raise RuntimeError(f"a demo runs already in {broker.data}")
    if not broker.data.exists():
        return
    if any(broker.data.iterdir()) and not (last.cluster_id or broker.log_path.exists()):
        raise RuntimeError(f"{broker.data} holds something that is not the last demo's; choose another --folder")
    shutil.rmtree(broker.data)


@contextmanager
def _progress(console: Console) -> Iterator[tuple[Progress, TaskID]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"))
    with Progress(*columns, console=console, transient=True) as progress:
        yield progress, progress.add_task("starting Kafka", total=None)
