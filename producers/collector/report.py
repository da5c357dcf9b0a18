"""Reports a collector's progress: a heartbeat and a console line."""

from __future__ import annotations

import logging

from charles.base import logs
from charles.control.link import Link
from charles.metrics.mirrored_counters import MirroredCounters
from charles.metrics.table import CollectorMetrics as Offered
from charles.pacing import RateKeeper
from producers.collector.drive_session import DriveSession
from producers.collector.invalid_ticks import InvalidTicks
from producers.collector.sender import TickSender
from producers.collector.status_listener import BEGAN

log = logging.getLogger(__name__)


class CollectorReport:
    def __init__(
        self,
        link: Link,
        keeper: RateKeeper,
        sender: TickSender,
        drive: DriveSession,
        refused: InvalidTicks,
        began: float,
    ) -> None:
        """began: when the process did, seconds since 1970."""
        self._link = link
        self._began = began
        self._keeper = keeper
        self._sender = sender
        self._drive = drive
        self._refused = refused
        self._following = MirroredCounters()
        self._progress = logs.ProgressLine(log, terminal_s=1.0)
        logs.bind(collector=link.instance)

    def tell(self, state: str, note: str = "") -> None:
        """Heartbeat and line, if a second has passed since the last. state: running, waiting or paused; note: why."""
        late, dropped, drive = self._keeper.late, self._sender.dropped, self._drive
        told = self._link.beat(
            state,
            note=note,
            figures={
                "late": late,
                "dropped": dropped,
                "queued": self._sender.queued,
                "runs": drive.runs,
                "crashes": drive.crashes,
                "refused": self._refused.count,
                BEGAN: self._began,
            },
        )
        logs.bind(run=drive.run)
        if told:
            self._offer()
        if told and self._progress.due():
            self._progress.show(
                f"run {drive.runs} tick {drive.tick} "
                f"{self._link.rate.per_second():.1f} Hz late {late} dropped {dropped}"
                + (f" {state}" if state != "running" else ""),
                tick=drive.tick,
            )

    def _offer(self) -> None:
        sender, refused, name = self._sender, self._refused.count, self._link.instance
        Offered.queued.labels(name).set(sender.queued)
        for counter, count in (
            (Offered.captured, sender.published + sender.dropped + sender.queued + refused),
            (Offered.published, sender.published),
            (Offered.dropped, sender.dropped),
            (Offered.refused, refused),
            (Offered.late, self._keeper.late),
            (Offered.runs, self._drive.runs),
            (Offered.crashes, self._drive.crashes),
        ):
            self._following.to(counter, count, name)
