"""Says that the cluster is away once a minute, and once that it is back: for all clients of the process together."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from threading import Lock

from confluent_kafka import KafkaError

log = logging.getLogger(__name__)

EVERY_S = 60.0
_UNREACHABLE = (KafkaError._TRANSPORT, KafkaError._RESOLVE)


class Absence:
    """What the clients' error callbacks tell, and their deliveries."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._next: dict[int, float] = defaultdict(float)
        self._since: float | None = None
        self._said = False
        """Whether somebody reads that it is away, and wants to read that it is back."""

    def error(self, problem: KafkaError) -> None:
        """One broker's lost connection is nothing. That none is left and none can be reached again is worth a line, and
        so is any other error."""
        code, reason, now = problem.code(), problem.str(), time.monotonic()
        with self._lock:
            if code == KafkaError._ALL_BROKERS_DOWN:
                self._since = self._since or now
                return
            if code in _UNREACHABLE:
                if self._since is None:
                    return
                reason = f"no broker answers, waiting for one ({reason})"
            if now < self._next[code]:
                return
            self._next[code] = now + EVERY_S
            self._said = self._said or code in _UNREACHABLE
        log.warning("Kafka: %s", reason)

    def over(self, asked: float) -> None:
        """The cluster answered to what was asked then (monotonic)."""
        if self._since is None or asked < self._since:
            return
        with self._lock:
            since, said = self._since, self._said
            self._since, self._said = None, False
        if said and since is not None:
            log.info("Kafka: a broker answers again, after %.0f s", time.monotonic() - since)


absence = Absence()
