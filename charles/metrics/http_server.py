"""Where a program's metrics are served: nowhere, unless settings.metrics names a port.

CHARLES_METRICS__PORT=9400 charles balance      then: curl http://127.0.0.1:9400/metrics
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from prometheus_client import CollectorRegistry, start_http_server

from charles.metrics import table
from charles.metrics.librdkafka_stats import LibrdkafkaStats
from charles.metrics.status_metrics import StatusMetrics

log = logging.getLogger(__name__)


class MetricsPage(NamedTuple):
    """What fills a page beside the program's own counters. status: takes each Status of the process; librdkafka: what
    librdkafka says of each client, JSON, to be told every EVERY_S seconds."""

    status: StatusMetrics
    librdkafka: LibrdkafkaStats


@contextmanager
def served(host: str, port: int | None, program: str, prefix: str) -> Iterator[MetricsPage | None]:
    """Prometheus can read the program's metrics while this lasts, if there is a port; yields what wants to be told.

    Where the port is taken, as by another program with the same settings, that is logged, and nothing is served.
    """
    if port is None:
        yield None
        return
    try:
        server, thread = start_http_server(port, host, _page(program))
    except OSError as problem:
        log.warning("metrics cannot be served at %s:%d: %s", host, port, problem.strerror)
        yield None
        return
    try:
        yield MetricsPage(StatusMetrics(), LibrdkafkaStats(prefix))
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
