"""Whether the ledgers add up that are about to be written: the alarm when one does not."""

from __future__ import annotations

import logging

from charles.events import RunLedger

log = logging.getLogger(__name__)

_Place = tuple[int, str, str]
"""Input partition, collector, run."""


class LedgerAudit:
    """Checks every ledger and says it once when one does not add up, and once when it does again.

    broken: those that do not.
    """

    def __init__(self) -> None:
        self.broken: set[_Place] = set()

    def check(self, partition: int, ledger: RunLedger, held: int) -> None:
        """held: how many of the run's ticks really wait in the bins, counted apart from the ledger."""
        place = (partition, ledger.collector, ledger.run)
        by_bin = sum(ledger.surplus_by.values())
        if ledger.adds_up and ledger.in_bins == held and by_bin == ledger.surplus:
            if place in self.broken:
                self.broken.discard(place)
                log.info("the ledger of %s, run %s adds up again", ledger.collector, ledger.run)
        elif place not in self.broken:
            self.broken.add(place)
            log.error(
                "THE LEDGER DOES NOT ADD UP: %s, run %s, partition %d: %s; surplus by bin %d; in the bins %d, held %d",
                *(ledger.collector, ledger.run, partition, ledger.in_words, by_bin, ledger.in_bins, held),
            )
