"""Says that the cluster is away once a minute, and once that it is back: for all clients of the process together."""

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
"""An answer says so long that the cluster is there: programs get one every second. A client may tell old news, of a
connection that was lost before."""
_AWAY = KafkaError._ALL_BROKERS_DOWN


class OutageLog:
    """What the clients' error callbacks tell, and their deliveries."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._next: dict[Hashable, float] = defaultdict(float)
        self._left_out: Counter[Hashable] = Counter()
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
