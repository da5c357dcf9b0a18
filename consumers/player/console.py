"""The player's line on the console, as the original's."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from charles.control import Rate
from charles.games import Action, Controller
from consumers.player.run import Timing


class Every:
    """Says when something is due again: `hz` times a second, or at every question if that is seldomer."""

    def __init__(self, hz: float) -> None:
        self._period = 1 / hz
        self._due = time.monotonic()

    def due(self) -> bool:
        now = time.monotonic()
        if now < self._due:
            return False
        self._due = max(self._due + self._period, now)
        return True


class Console:
    """Rewrites one line on a terminal, and writes a line every five seconds elsewhere."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._terminal = out.isatty()
        self._every = Every(5.0 if self._terminal else 0.2)

    def show(self, controller: Controller, raw: Action, fps: Rate, timing: Timing) -> None:
        if self._every.due():
            start, end = ("\r", "\033[K") if self._terminal else ("", "\n")
            self._out.write(start + line(controller, raw, fps.per_second(), timing.pps) + end)
            self._out.flush()


def line(controller: Controller, raw: Action, fps: float, pps: float) -> str:
    """controller(raw prediction), frames a second, and the predictions a second that the model could make."""
    pedals = f"{controller.acceleration_braking:.4f}({raw.acceleration_braking:.4f})"
    steering = f"{controller.steering:.4f}({raw.steering:.4f})"
    return f"acc/brk: {pedals} str: {steering} FPS: {fps:.1f} PPS: {pps:.0f}"
