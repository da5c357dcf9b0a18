"""Where a program's metrics are served: nowhere, unless settings.metrics names a port.

CHARLES_METRICS__PORT=9400 charles balance      then: curl http://127.0.0.1:9400/metrics
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server

from charles.control import link
from charles.kafka import clients
from charles.metrics import table
from charles.metrics.librdkafka_stats import EVERY_S, Statistics
from charles.metrics.status_metrics import Heartbeat
from charles.settings import Settings

log = logging.getLogger(__name__)


@contextmanager
def served(settings: Settings, program: str) -> Iterator[None]:
    """Prometheus can read the program's metrics while this lasts, if it shall. Where the port is taken, as by another
    program with the same settings, that is said, and nothing else happens."""
    host, port = settings.metrics.host, settings.metrics.port
    if port is None:
        yield
        return
    try:
        server, thread = start_http_server(port, host, _page(program))
    except OSError as problem:
        log.warning("metrics cannot be served at %s:%d: %s", host, port, problem.strerror)
        yield
        return
    link.also_tell(Heartbeat())
    clients.tell_statistics(Statistics(settings.kafka.prefix), EVERY_S)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _page(program: str) -> CollectorRegistry:
    page = CollectorRegistry()
    for part in (table.COMMON, table.OWN.get(program)):
        if part is not None:
            page.register(part)
    return page
