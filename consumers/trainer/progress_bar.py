"""What a person sees of a training from a recording: how far it is, and how long it will still take."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from charles.base.logs import ProgressLine
from charles.base.time_format import h_mm_ss
from consumers.trainer.buffers import Buffers

if TYPE_CHECKING:
    from charles.models import Learned

log = logging.getLogger(__name__)

_BAR_CHARACTERS = 20


class ProgressBar:
    """Rewrites one line on a terminal, and logs it every five seconds elsewhere."""

    def __init__(self, read: Callable[[], float], size: int, batches: int | None, out: TextIO | None = None) -> None:
        """read: tells the share of the recording that was read; size: samples in a batch; batches: the last one, None:
        as many as there are samples for; out: the terminal, if it is one; None: standard output."""
        self._read = read
        self._size = size
        self._batches = batches
        self._progress = ProgressLine(log, terminal_s=0.5, out=out)

    def show(self, buffers: Buffers, batch: int, rate: float, learned: Learned | None) -> None:
        if self._progress.due():
            self._progress.show(self.line(buffers, batch, rate, learned), batch=batch)

    def line(self, buffers: Buffers, batch: int, rate: float, learned: Learned | None) -> str:
        """rate: batches a second; learned: from the last batch, None before the first."""
        read, last = self._read(), self._last_batch(buffers)
        done = min(batch / last, 1.0) if last else 0.0
        words = [f"[{'#' * round(_BAR_CHARACTERS * done):-<{_BAR_CHARACTERS}}] {done:4.0%}"]
        words += [f"read {read:.0%}", f"{buffers.counts.read:,} samples", f"{batch:,} batches", f"{rate:.1f}/s"]
        if learned is None:
            words += [f"filling buffers {min(map(len, buffers.by_kind.values())):,}/{buffers.capacity:,}"]
        else:
            words += [f"loss {learned.loss:.4f}"]
            if rate and last:
                words += [f"{h_mm_ss(max(last - batch, 0) / rate)} left"]
        return "  ".join(words)

    def _last_batch(self, buffers: Buffers) -> float:
        """About how many batches there will be; 0: nobody knows."""
        if self._batches is not None:
            return self._batches
        read = self._read()
        return buffers.counts.read * buffers.uses / (read * self._size) if read else 0.0
