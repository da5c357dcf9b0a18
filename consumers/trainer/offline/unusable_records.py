"""What of a recording cannot be used: counted, and said, one line a second at most."""

from __future__ import annotations

import logging

from charles.pacing import Every

log = logging.getLogger(__name__)


class UnusableRecords:
    """count: of records, and of samples."""

    def __init__(self) -> None:
        self.count = 0
        self._log_line = Every(1.0)

    def __call__(self, what: str, reason: str) -> None:
        """what: in words, such as `frames 2@17`."""
        self.count += 1
        if self._log_line.due():
            log.warning("unusable (%d so far): %s: %s", self.count, what, reason)
