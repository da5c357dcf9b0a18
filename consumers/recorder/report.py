"""How the recording goes: told to people, to everybody, and to Prometheus."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from charles.base.logs import ProgressLine
from charles.base.sizes import size
from charles.control.link import Link
from charles.metrics.table import RecorderMetrics as Metrics
from charles.metrics.table import begin
from charles.pacing import Rate
from consumers.recorder.disk_space import free
from consumers.recorder.offset_reader import Gap

log = logging.getLogger(__name__)

_TERMINAL_S = 0.5


class RecorderReport:
    """Counts since this life of the program began."""

    def __init__(self, link: Link, folder: Path, topics: Iterable[str]) -> None:
        begin(Metrics)
        for topic in topics:
            Metrics.lost.labels(topic)  # 0, and not unknown, as long as nothing is lost
        self._link = link
        self._folder = folder
        self._progress = ProgressLine(log, _TERMINAL_S)
        self._records: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._lost = 0
        self._rate = Rate()

    @property
    def records(self) -> int:
        return self._records.total()

    def took(self, topic: str, records: int, nbytes: int) -> None:
        """So many records of a topic, and their bytes: keys and values."""
        self._records[topic] += records
        self._bytes[topic] += nbytes
        self._rate.add(nbytes)
        self._link.rate.add(records)
        Metrics.records.labels(topic).inc(records)
        Metrics.bytes.labels(topic).inc(nbytes)

    def lost(self, gap: Gap) -> None:
        count = gap.end - gap.first
        self._lost += count
        Metrics.lost.labels(gap.place[0]).inc(count)

    def tell(self, lag: int) -> None:
        """Heartbeat and progress. lag: unread records."""
        state = "paused" if self._link.paused else "running"
        room = free(self._folder)
        if self._link.beat(state, lag=lag, note=self._note(), figures=self._figures(room)):
            Metrics.unread.set(lag)
            Metrics.room.set(room)
        if self._progress.due():
            amount, rate = size(self._bytes.total()), size(self._rate.per_second())
            words = f"{self._folder.name}: {self.records:,} records, {amount}, {rate}/s, {lag:,} behind"
            if self._link.paused:
                words += ", paused"
            self._progress.show(words, records=self.records, lag=lag)

    def _note(self) -> str:
        lost = f"; {self._lost:,} offsets lost to retention" if self._lost else ""
        return f"recording to {self._folder}{lost}"

    def _figures(self, room: int) -> dict[str, float]:
        return {
            "records": self.records,
            "bytes": self._bytes.total(),
            "lost_offsets": self._lost,
            "disk_free_bytes": room,
        }
