"""`charles kafka`: manages the local broker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charles.cli.printing import say
from charles.cli.run_command import clear_errors, load_settings

if TYPE_CHECKING:
    from charles.settings import Settings
    from infra.kafka.broker import LocalBroker

app = typer.Typer(
    help="Start, stop and inspect a local Apache Kafka broker. Example: charles kafka start", no_args_is_help=True
)

Data = Annotated[Path | None, typer.Option("--data", help="Data folder of the broker.", show_default="data/kafka")]
Port = Annotated[int | None, typer.Option("--port", help="Port for clients, on loopback.", show_default="9092")]


@app.command()
def start(
    port: Port = None,
    data: Data = None,
    heap_mb: Annotated[int, typer.Option(min=64, help="Maximum Java heap size, MiB.")] = 512,
    metrics_port: Annotated[
        int | None, typer.Option(help="Port for Prometheus metrics, on loopback.", show_default="nowhere")
    ] = None,
) -> None:
    """Start the broker in the background and return once it answers.

    The first start downloads Kafka (46 MB) and prepares a startup cache. Nothing needs to be installed.

    Example: charles kafka start --port 9192 --data /tmp/kafka
    """
    import time

    from charles.base.progress import step_bar
    from charles.base.time_format import short

    with clear_errors():
        settings = load_settings(broker={"port": port, "data": data, "metrics_port": metrics_port})

        servers = settings.external_cluster
        if servers:
            say(f"Nothing started: KAFKA_BOOTSTRAP_SERVERS or the settings name the cluster {servers}.")
            return
        broker = _broker(settings, heap_mb)
        began = time.monotonic()
        with step_bar() as progress:
            bootstrap = broker.start(progress)
        status = broker.status()
        took = f"ready after {short(time.monotonic() - began)}" if broker.started_here else "it was already running"
        say(f"Kafka {status.version} answers at {bootstrap} (pid {status.pid}, {took}). Data: {status.data}")


@app.command()
def stop(
    data: Data = None,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait before the broker is killed.")] = 20.0,
) -> None:
    """Stop the broker. Its data stays in its folder.

    Example: charles kafka stop
    """
    with clear_errors():
        broker = _broker(_settings(None, data))
        if broker.stop(timeout):
            say(f"Stopped the broker of {broker.data}.")
        else:
            say(f"No broker is running in {broker.data}.")


@app.command()
def status(
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show whether the broker is running, and its memory and disk use. Exit code 0 if it is ready, otherwise 1.

    Example: charles kafka status --json
    """
    import json
    from dataclasses import asdict

    from charles.base.sizes import size

    with clear_errors():
        now = _broker(_settings(None, data)).status()
        if as_json:
            say(json.dumps(asdict(now), default=str))
        elif now.running:
            say(
                f"Kafka {now.version} {'answers' if now.ready else 'is running but does not answer'} at "
                f"{now.bootstrap} "
                f"(pid {now.pid}, cluster {now.cluster_id})\n"
                f"memory {size(now.rss_bytes or 0)}, disk {size(now.disk_bytes)} in {now.data}\n"
                f"log: {now.log}"
            )
        else:
            say(f"No broker is running in {now.data} (disk {size(now.disk_bytes)}).")
    raise typer.Exit(0 if now.ready else 1)


@app.command()
def logs(
    data: Data = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Number of lines to show.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow new lines until Ctrl-C.")] = False,
) -> None:
    """Show the last lines of the broker's log.

    Example: charles kafka logs -n 100 --follow
    """
    with clear_errors():
        from infra.kafka import BrokerError
        from infra.kafka.logs import tail

        log = _broker(_settings(None, data)).log_path
        if not log.exists() and not follow:
            raise BrokerError(f"there is no log yet: {log} (start the broker with: charles kafka start)")
        try:
            for line in tail(log, lines, follow=follow):
                say(line)
        except KeyboardInterrupt:
            pass


def _settings(port: int | None, data: Path | None) -> Settings:
    return load_settings(broker={"port": port, "data": data})


def _broker(settings: Settings, heap_mb: int = 512) -> LocalBroker:
    from infra.kafka import BrokerError
    from infra.kafka.broker import LocalBroker

    if settings.broker.data.exists() and not settings.broker.data.is_dir():
        raise BrokerError(f"{settings.broker.data} is a file, but the broker needs a folder: choose another --data")
    return LocalBroker(settings.broker.data, settings.broker.port, heap_mb, settings.broker.metrics_port)
