"""Counters that follow counts which others keep."""

from __future__ import annotations

from prometheus_client import Counter


class MirroredCounters:
    """Lets counters follow counts that are kept elsewhere, from 0 on, and begin anew now and then."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], float] = {}

    def to(self, counter: Counter, count: float, *labels: str) -> None:
        """The count behind this counter, with these labels, is now so high. One that fell began anew at 0."""
        key = (next(iter(counter.describe())).name, *labels)
        known = self._known.get(key, 0)
        (counter.labels(*labels) if labels else counter).inc(count - known if count >= known else count)
        self._known[key] = count
