"""The player's line on the console, as the original's."""

from __future__ import annotations

import logging
from typing import TextIO

from charles.base.logs import ProgressLine
from charles.games.game import Action, Controller
from charles.pacing import Rate
from consumers.player.run import TickTiming

log = logging.getLogger(__name__)


class ConsoleLine:
    """Rewrites the line on a terminal, and logs it every five seconds elsewhere."""

    def __init__(self, out: TextIO | None = None) -> None:
        """out: the terminal, if it is one; None: standard output."""
        self._progress = ProgressLine(log, terminal_s=0.2, out=out)

    def show(self, controller: Controller, raw: Action, fps: Rate, timing: TickTiming) -> None:
        if self._progress.due():
            self._progress.show(line(controller, raw, fps.per_second(), timing.pps))


def line(controller: Controller, raw: Action, fps: float, pps: float) -> str:
    """controller(raw prediction), frames a second, and the predictions a second that the model could make."""
    pedals = f"{controller.acceleration_braking:.4f}({raw.acceleration_braking:.4f})"
    steering = f"{controller.steering:.4f}({raw.steering:.4f})"
    return f"acc/brk: {pedals} str: {steering} FPS: {fps:.1f} PPS: {pps:.0f}"
