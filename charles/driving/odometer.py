"""How far a car has come."""

from __future__ import annotations

import math


class Odometer:
    """Metres travelled: the way from position to position."""

    def __init__(self, x: float, y: float) -> None:
        self._x, self._y = x, y
        self.metres = 0.0

    def to(self, x: float, y: float) -> None:
        """Go there, m."""
        self.metres += math.hypot(x - self._x, y - self._y)
        self._x, self._y = x, y
