"""THE state that a process has once, which all its Kafka clients share. A program's Link carries it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Protocol

from charles.events import Status
from charles.kafka.outage_log import OutageLog
from charles.kafka.reading_journal import ReadingJournal


class HasProducer(Protocol):
    """A Publisher."""

    producer: Any


class ProcessState:
    """outages: says for all clients together that no broker answers; journal: which record is read now; status_sinks:
    where each Status of this process goes beside its topic."""

    def __init__(self) -> None:
        self.outages = OutageLog()
        self.journal = ReadingJournal()
        self.status_sinks: list[Callable[[Status], None]] = []
        self._statistics: dict[str, Any] = {}
        self._publishers: weakref.WeakSet[HasProducer] = weakref.WeakSet()

    def tell_statistics(self, to: Callable[[str], None], every_s: float) -> None:
        """From now on, clients that are made with measured() tell what librdkafka says of them: JSON, every_s."""
        self._statistics = {"stats_cb": to, "statistics.interval.ms": round(every_s * 1000)}

    def measured(self) -> dict[str, Any]:
        """Properties of a client whose statistics are told, if anybody wants them. A consumer must then be polled all
        the time, for its statistics pile up otherwise; publishers are, by poll_measured()."""
        return dict(self._statistics)

    def watch(self, publisher: HasProducer) -> None:
        """Poll this publisher too, as long as it lives."""
        self._publishers.add(publisher)

    def poll_measured(self) -> None:
        """Let the publishers that are measured tell their statistics, those too that have nothing to send now."""
        for publisher in list(self._publishers):
            publisher.producer.poll(0)


process = ProcessState()
