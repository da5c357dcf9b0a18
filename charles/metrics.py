"""THE table of metrics that programs offer to Prometheus, and where they are served: nowhere, unless settings.metrics
names a port.

    CHARLES_METRICS__PORT=9400 charles balance      then: curl http://127.0.0.1:9400/metrics

A registry belongs to one program, from its start to its end.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, start_http_server

from charles.latency import BOUNDS_S
from charles.settings import Metrics

log = logging.getLogger(__name__)

_COMMIT_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_OF_A_BIN = ("output", "bin")
"""output: whose sets the bin is of, `joint` in v1; bin: as people write it."""


class Balancer:
    """What a balancer offers, of the partitions that it has."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def name(of: str) -> str:
            return f"charles_balancer_{of}"

        own: dict[str, Any] = {"registry": registry}
        commits = own | {"buckets": _COMMIT_S}
        self.waiting = Gauge(name("waiting_ticks"), "Ticks that wait in a bin.", _OF_A_BIN, **own)
        self.came = Counter(name("arrived_ticks"), "Ticks that came for a bin.", _OF_A_BIN, **own)
        self.sets = Counter(name("sets"), "Whole sets.", ("output",), **own)
        self.ledger = Gauge(name("ledger_ticks"), "Where the ticks went; seen: all of them.", ("term",), **own)
        self.broken = Gauge(name("broken_ledgers"), "Runs whose ledger does not add up.", **own)
        self.unread = Gauge(name("unread_records"), "Records of frames and controls not read yet.", **own)
        self.latency = Histogram(name("latency_seconds"), "From capture to a set.", **own, buckets=BOUNDS_S)
        self.transaction = Histogram(name("commit_seconds"), "From a transaction's first record to its end.", **commits)


@contextmanager
def served(settings: Metrics) -> Iterator[CollectorRegistry]:
    """A registry that Prometheus can read while this lasts, if it shall. Where the port is taken, as by another program
    with the same settings, that is said, and nothing else happens."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    if settings.port is None:
        yield registry
        return
    try:
        server, thread = start_http_server(settings.port, settings.host, registry)
    except OSError as problem:
        log.warning("metrics cannot be served at %s:%d: %s", settings.host, settings.port, problem.strerror)
        yield registry
        return
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def raise_to(counter: Counter, total: float, known: float) -> None:
    """Let a counter follow a count kept elsewhere, which begins anew now and then. known: what it was before."""
    counter.inc(total - known if total >= known else total)
