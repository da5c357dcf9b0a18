"""What a person sees while the demo runs."""

from __future__ import annotations

import time
from collections import deque
from contextlib import nullcontext

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from charles.base.shutdown import Stop
from charles.base.time_format import h_mm_ss
from charles.demo.broker import KeptBroker
from charles.supervisor.supervisor import Supervisor
from charles.top.pipeline_view import PipelineView
from charles.top.view import plain_line, view

_TURN_S = 0.5
_PLAIN_EVERY_S = 10.0


class DemoScreen:
    """The live view on a terminal, lines elsewhere."""

    def __init__(self, total_s: float, watch: PipelineView, console: Console) -> None:
        self._total_s = total_s
        self._watch = watch
        self._console = console
        self._live: Live | None = None
        self._news: deque[str] = deque(maxlen=3)
        self._next_line = 0.0

    def tell(self, line: str) -> None:
        """Of programs that died, the live view tells by itself."""
        if self._live is None:
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def follow(self, supervisor: Supervisor, broker: KeptBroker | None, stop: Stop) -> None:
        """Supervise until the time is over, no program is running, or it is stopped."""
        began = time.monotonic()
        terminal = self._console.is_terminal
        live = Live(console=self._console, refresh_per_second=4, transient=True) if terminal else nullcontext()
        with live as self._live:
            while (elapsed := time.monotonic() - began) < self._total_s and supervisor.busy and not stop():
                self._watch.read(_TURN_S)
                supervisor.look()
                for line in broker.look() if broker else ():
                    self._news.append(line)
                    self.tell(line)
                self._show(elapsed)
        self._live = None

    def _show(self, elapsed_s: float) -> None:
        if self._live is not None:
            head = _clock(elapsed_s, self._total_s)
            self._live.update(view(self._watch, head=head, news=self._news))
        elif elapsed_s >= self._next_line:
            self._next_line = elapsed_s + _PLAIN_EVERY_S
            self._console.print(plain_line(self._watch), highlight=False, markup=False, soft_wrap=True)


def _clock(elapsed_s: float, total_s: float) -> RenderableType:
    left = max(total_s - elapsed_s, 0)
    grid = Table.grid(padding=(0, 1))
    grid.add_row(
        Text("Charles", "bold"),
        ProgressBar(total=total_s, completed=min(elapsed_s, total_s), width=40),
        Text(f"{h_mm_ss(left)} left; Ctrl-C stops", "dim"),
    )
    return grid
