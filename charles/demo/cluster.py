"""The cluster that a demo runs on: somebody's own, or a broker that lives as long as the demo."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from charles.base.progress import step_bar
from charles.demo.broker import KeptBroker
from charles.settings import Settings
from infra.kafka import BrokerError
from infra.kafka.broker import LocalBroker
from infra.kafka.ports import free_port, require_free

_STOP_S = 3.0


@contextmanager
def cluster(settings: Settings, console: Console) -> Iterator[tuple[Settings, KeptBroker | None]]:
    """The settings with a cluster that answers, and its broker, where it is the demo's own.

    Raises BrokerError, RuntimeError where another demo runs in the folder or somebody's files are there, and
    KeyboardInterrupt while the broker starts.
    """
    servers = settings.external_cluster
    if servers:
        console.print(
            f"Using the cluster {servers}; existing topics with the prefix {settings.kafka.prefix} are continued."
        )
        yield settings, None
        return
    broker = LocalBroker(settings.demo.folder / "kafka", _port(settings), metrics_port=settings.broker.metrics_port)
    _forget_last_demo(broker)
    with step_bar(console=console) as progress:
        servers = broker.start(progress, detached=False)
    kept = KeptBroker(broker)
    try:
        kafka = settings.kafka.model_copy(update={"bootstrap_servers": servers})
        yield settings.model_copy(update={"kafka": kafka}), kept
    finally:
        kept.stop(_STOP_S)


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
        raise RuntimeError(f"a demo is already running in {broker.data}")
    if not broker.data.exists():
        return
    if any(broker.data.iterdir()) and not (last.cluster_id or broker.log_path.exists()):
        raise RuntimeError(f"{broker.data} was not written by a demo; choose another --folder")
    shutil.rmtree(broker.data)
