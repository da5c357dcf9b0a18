"""Says that the cluster is away once a minute, and once that it is back: for all clients of the process together."""

from __future__ import annotations

import logging
import math
import time
from collections import defaultdict
from threading import Lock

from confluent_kafka import KafkaError

log = logging.getLogger(__name__)

EVERY_S = 60.0
_FRESH_S = 2.5
"""An answer says so long that the cluster is there: programs get one every second. A client may tell old news, of a
connection that was lost before."""
_AWAY = KafkaError._ALL_BROKERS_DOWN
_UNREACHABLE = (KafkaError._TRANSPORT, KafkaError._RESOLVE)


class OutageLog:
    """What the clients' error callbacks tell, and their deliveries."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._next: dict[int, float] = defaultdict(float)
        self._answered = -math.inf
        self._since: float | None = None
        self._reason = ""
        self._said = False
        """Whether somebody reads that it is away, and wants to read that it is back."""

    def error(self, problem: KafkaError) -> None:
        """One broker's lost connection is nothing. That none is left and none can be reached again is worth a line, and
        so is any other error."""
        code, reason, now = problem.code(), problem.str(), time.monotonic()
        with self._lock:
            if code == _AWAY:
                self._since = self._since or now
                return
            if code in _UNREACHABLE:
                self._reason = reason
            elif now < self._next[code]:
                return
            else:
                self._next[code] = now + EVERY_S
        if code in _UNREACHABLE:
            self.look()
        else:
            log.warning("Kafka: %s", reason)

    def look(self) -> None:
        """Say that no broker answers, if it is so and was not said for a minute."""
        now = time.monotonic()
        with self._lock:
            away = self._since is not None and self._reason and now >= self._answered + _FRESH_S
            if not away or now < self._next[_AWAY]:
                return
            self._next[_AWAY] = now + EVERY_S
            self._said = True
        log.warning("Kafka: no broker answers, waiting for one (%s)", self._reason)

    def over(self, asked: float) -> None:
        """The cluster answered to what was asked then (monotonic)."""
        if self._since is not None and asked < self._since:
            return
        with self._lock:
            self._answered, self._reason = time.monotonic(), ""
            since, said = self._since, self._said
            self._since, self._said = None, False
        if said and since is not None:
            log.info("Kafka: a broker answers again, after %.0f s", time.monotonic() - since)


outages = OutageLog()
