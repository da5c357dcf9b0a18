"""The runs of a partition that are over: out of memory, but not forgotten, so that a late record of theirs is known as
what it is. Pure: knows no Kafka."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from hashlib import blake2b

from charles.events import TERMS, RunLedger

Run = tuple[str, str]
"""Collector and run."""


class FinishedRuns:
    """Eight bytes for each run, and the sums of their ledgers. totals: by term of the ledger, and of seen."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self._marks = array("Q")

    def __len__(self) -> int:
        return len(self._marks)

    def __contains__(self, run: Run) -> bool:
        """False for sure, or true but for one in 10^13 even where there are a million."""
        mark = _mark(run)
        at = bisect_left(self._marks, mark)
        return at < len(self._marks) and self._marks[at] == mark

    def add(self, ledger: RunLedger) -> None:
        """A run that is over, whose ledger is in the log."""
        mark = _mark((ledger.collector, ledger.run))
        self._marks.insert(bisect_left(self._marks, mark), mark)
        self.totals.update(_terms(ledger))

    def take(self, ledger: RunLedger) -> None:
        """A run that goes on after all."""
        del self._marks[bisect_left(self._marks, _mark((ledger.collector, ledger.run)))]
        self.totals.subtract(_terms(ledger))


def _terms(ledger: RunLedger) -> dict[str, int]:
    return {term: getattr(ledger, term) for term in ("seen", *TERMS)}


def _mark(run: Run) -> int:
    return int.from_bytes(blake2b(repr(run).encode(), digest_size=8).digest(), "big")
