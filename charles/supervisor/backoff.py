"""The pause before a crashed program is restarted."""

from __future__ import annotations

STEPS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 10.0)
STABLE_S = 30.0


class Backoff:
    """The pause grows with each crash, and is reset once a program has run for STABLE_S."""

    def __init__(self) -> None:
        self._step = 0

    def next(self, ran_s: float) -> float:
        """Seconds to wait, after it ran so long."""
        if ran_s >= STABLE_S:
            self._step = 0
        pause_s = STEPS_S[min(self._step, len(STEPS_S) - 1)]
        self._step += 1
        return pause_s
