"""Logs that the cluster is unreachable once a minute, and once that it is back, for all clients of the process
together."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter, defaultdict
from collections.abc import Hashable
from threading import Lock

from confluent_kafka import KafkaError

from charles.kafka.errors import UNREACHABLE

log = logging.getLogger(__name__)

EVERY_S = 60.0
_FRESH_S = 2.5
"""How long an answer proves that the cluster is reachable: programs get one every second. A client may report a
connection that was lost earlier."""
_AWAY = KafkaError._ALL_BROKERS_DOWN


class OutageLog:
    """Receives the clients' error callbacks and deliveries."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._next: dict[Hashable, float] = defaultdict(float)
        self._left_out: Counter[Hashable] = Counter()
        self._answered = -math.inf
        self._since: float | None = None
        self._reason = ""
        self._said = False
        """Whether the outage was logged, so that its end is logged too."""

    @property
    def answered_lately(self) -> bool:
        """Whether the cluster answered within the last moments, as it does every second while it is there."""
        return time.monotonic() < self._answered + _FRESH_S

    def error(self, problem: KafkaError) -> None:
        """A single lost connection is not logged. That all are lost and none can be restored is, and so is any other
        error."""
        code, reason, now = problem.code(), problem.str(), time.monotonic()
        with self._lock:
            if code == _AWAY:
                self._since = self._since or now
                return
            if code in UNREACHABLE:
                self._reason = reason
        if code in UNREACHABLE:
            self.look()
        else:
            self.warn(code, f"Kafka: {reason}")

    def warn(self, about: Hashable, words: str) -> None:
        """Log a warning, once a minute of the same thing, and with how many were left out meanwhile."""
        with self._lock:
            now = time.monotonic()
            if now < self._next[about]:
                self._left_out[about] += 1
                return
            self._next[about] = now + EVERY_S
            left_out = self._left_out.pop(about, 0)
        log.warning("%s%s", words, f" (and {left_out} times before)" if left_out else "")

    def look(self) -> None:
        """Log that no broker answers, if so and not logged within the last minute."""
        now = time.monotonic()
        with self._lock:
            away = self._since is not None and self._reason and now >= self._answered + _FRESH_S
            if not away or now < self._next[_AWAY]:
                return
            self._next[_AWAY] = now + EVERY_S
            self._said = True
        log.warning("Kafka: no broker answers, waiting for one (%s)", self._reason)

    def over(self, asked: float) -> None:
        """The cluster answered a request made at this time (monotonic)."""
        if self._since is not None and asked < self._since:
            return
        with self._lock:
            self._answered, self._reason = time.monotonic(), ""
            since, said = self._since, self._said
            self._since, self._said = None, False
        if said and since is not None:
            log.info("Kafka: a broker answers again after %.0f s", time.monotonic() - since)
