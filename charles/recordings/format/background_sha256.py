"""The SHA-256 of what is written, taken beside the thread that writes: it is a third of a recorder's work."""

from __future__ import annotations

import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

_WORTHWHILE_BYTES = 1 << 16
"""Bytes: less is hashed sooner than it is handed over."""
_WAITING_PIECES = 2
"""Pieces of each digest that may wait for their turn."""

_worker = ThreadPoolExecutor(1, "sha256")


class BackgroundSha256:
    """As hashlib's."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._waiting: deque[Future[None]] = deque()

    def update(self, data: bytes) -> None:
        """Take these bytes, which nobody may change any more."""
        while self._waiting and (len(self._waiting) > _WAITING_PIECES or self._waiting[0].done()):
            self._waiting.popleft().result()
        if self._waiting or len(data) >= _WORTHWHILE_BYTES:
            self._waiting.append(_worker.submit(self._hash.update, data))
        else:
            self._hash.update(data)

    def hexdigest(self) -> str:
        """Of everything that it was given; waits for it."""
        while self._waiting:
            self._waiting.popleft().result()
        return self._hash.hexdigest()
