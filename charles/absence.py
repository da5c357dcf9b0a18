"""Says that the cluster is away once a minute, and once that it is back: for all clients of the process together."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from threading import Lock

from confluent_kafka import KafkaError

log = logging.getLogger(__name__)

EVERY_S = 60.0
_UNREACHABLE = (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._RESOLVE)


class Absence:
    """What the clients' error callbacks tell, and their deliveries."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._said: dict[int, float] = defaultdict(lambda: -EVERY_S)
        self._since: float | None = None
        self._reason = ""

    def error(self, problem: KafkaError) -> None:
        """One broker's lost connection is nothing; that none is left is worth a line, and so is any other error."""
        code, reason, now = problem.code(), problem.str(), time.monotonic()
        with self._lock:
            if code in _UNREACHABLE:
                if code != KafkaError._ALL_BROKERS_DOWN:
                    self._reason = reason
                elif self._since is None:
                    self._since = now
                if self._since is None:
                    return
                code, reason = KafkaError._ALL_BROKERS_DOWN, f"it is away, and waited for ({self._reason or reason})"
            if now < self._said[code] + EVERY_S:
                return
            self._said[code] = now
        log.warning("Kafka: %s", reason)

    def over(self, asked: float) -> None:
        """The cluster answered to what was asked then (monotonic)."""
        if self._since is None or asked < self._since:
            return
        with self._lock:
            since, self._since = self._since, None
        if since is not None:
            log.info("Kafka answers again, after %.0f s", time.monotonic() - since)


absence = Absence()
