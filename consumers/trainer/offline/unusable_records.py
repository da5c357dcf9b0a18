"""What of a recording cannot be used: counted, and said, one line a second at most."""

from __future__ import annotations

import logging
import time

log = logging.getLogger(__name__)


class UnusableRecords:
    """count: of records, and of samples."""

    def __init__(self) -> None:
        self.count = 0
        self._silent_until = 0.0

    def __call__(self, what: str, reason: str) -> None:
        """what: in words, such as `frames 2@17`."""
        self.count += 1
        if time.monotonic() >= self._silent_until:
            self._silent_until = time.monotonic() + 1
            log.warning("cannot be used (%d so far): %s: %s", self.count, what, reason)
