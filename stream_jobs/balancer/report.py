"""What the balancer says of itself once a second: its heartbeat, its metrics, and which bins no tick ever comes for."""

from __future__ import annotations

import logging
import time

from charles.balancing.engine import Engine
from charles.balancing.shortage import Filling, NeverFilled, SetRate, explained, starving
from charles.base import latency
from charles.config import Config
from charles.control.link import Link
from charles.events import TERMS
from charles.metrics.mirrored_counters import MirroredCounters
from charles.metrics.table import BalancerMetrics as Offered
from charles.metrics.table import begin

log = logging.getLogger(__name__)


class BalancerReport:
    """Follows the engine from one second to the next. strays: records of balancer-state that were passed by."""

    def __init__(self, link: Link, config: Config) -> None:
        self._link = link
        self._following = MirroredCounters()
        self._never = NeverFilled(config)
        self._pace = SetRate()
        self._latencies: list[int] = []
        self.strays = 0
        begin(Offered)  # of bins that there may be no more

    def committed(self, seconds: float) -> None:
        """A transaction took so long."""
        Offered.transaction.observe(seconds)

    def tell(self, engine: Engine, *, resting: bool) -> None:
        """To be called once a second."""
        fillings, latencies = engine.pool.filling(), engine.taken_latencies()
        for seconds in latencies:
            latency.add(self._latencies, seconds)
        lag = sum(reading.lag for partition in engine.partitions.values() for reading in partition.readings.values())
        if not engine.partitions:
            self._link.beat("waiting", lag=lag, note="for its partitions")
        else:
            for words in self._never.look(fillings, time.monotonic()):
                log.warning("%s", words)
            self._link.beat(
                "paused" if resting else "running",
                lag=lag,
                note=self._note(engine, fillings),
                starving=starving(fillings),
                figures=self._figures(engine, fillings),
            )
        if self._link.settings.metrics.port is not None:
            self._offer(engine, fillings, latencies, lag)

    def _note(self, engine: Engine, fillings: list[Filling]) -> str:
        broken = len(engine.audit.broken)
        alarm = [f"{broken} ledger{'s do' if broken > 1 else ' does'} not add up"] if broken else []
        if self.strays:
            alarm.append(f"{self.strays} records of balancer-state are none: see the log")
        if engine.pool.too_large:
            alarm.append(f"{engine.pool.too_large} ticks too large to be samples: lower collect.jpeg_quality")
        words = [explained(filling, self._pace.take(filling)) for filling in fillings]
        return "; ".join([*alarm, *self._never.note(fillings), *words])

    def _figures(self, engine: Engine, fillings: list[Filling]) -> dict[str, float]:
        latencies = latency.percentiles(self._latencies).items()
        return {
            "waiting": len(engine.pool),
            "emitted": engine.emitted,
            "sets": sum(filling.sets for filling in fillings),
            "broken_ledgers": len(engine.audit.broken),
            **{f"sets_{filling.kind.name}": filling.sets for filling in fillings},
            **{f"scarcest_{filling.kind.name}": filling.share for filling in fillings},
            **{f"latency_{name}_s": value for name, value in latencies if value is not None},
        }

    def _offer(self, engine: Engine, fillings: list[Filling], latencies: list[float], lag: int) -> None:
        for filling in fillings:
            output = filling.kind.name
            self._following.to(Offered.sets, filling.sets, output)
            for cell, waiting in filling.waiting.items():
                bin_name = filling.bin_name(cell)
                Offered.waiting.labels(output, bin_name).set(waiting)
                self._following.to(Offered.came, filling.came[cell], output, bin_name)
        for term in ("seen", *TERMS):
            Offered.ledger.labels(term).set(sum(partition.total(term) for partition in engine.partitions.values()))
        Offered.broken.set(len(engine.audit.broken))
        Offered.unread.set(lag)
        for seconds in latencies:
            Offered.latency.observe(max(seconds, 0.0))
