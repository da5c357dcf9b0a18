"""Runs programs and stops them in order; no started process outlives it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import Self

from charles.base.shutdown import Stop
from charles.programs import NAMES
from charles.supervisor.program_process import ProgramFate, ProgramProcess
from charles.supervisor.status_publisher import StatusPublisher

HURRY_S = 3.0
_TURN_S = 0.05

Tell = Callable[[str], None]
Forward = Callable[[str, str], None]


class Supervisor:
    """Runs its programs until the block ends, which ends them in the order of the table."""

    def __init__(
        self,
        children: Sequence[ProgramProcess],
        announcer: StatusPublisher,
        stop: Stop,
        tell: Tell,
        forward: Forward | None = None,
    ) -> None:
        """stop: its second signal means hurry, its third now. tell: is told what a person should know, line by line;
        forward: is given each new line of each log, with the program's name."""
        self.children = children
        self._announcer = announcer
        self._stop = stop
        self._tell = tell
        self._forward = forward
        self._hurry_until = math.inf

    @property
    def busy(self) -> bool:
        """Whether anything is left to keep running."""
        return any(child.running or child.fate is ProgramFate.KEPT for child in self.children)

    @property
    def gave_up(self) -> bool:
        """Whether a program ended because another instance has taken its place."""
        return any(child.fate is ProgramFate.GAVE_UP for child in self.children)

    def __enter__(self) -> Self:
        for child in self.children:
            child.start()
        self._announcer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is not None:
            self._hurry()
        self.end()
        self._announcer.close()

    def look(self) -> None:
        """Restart crashed programs and forward messages and logs."""
        for child in self.children:
            if self._forward:
                for line in child.log.new_lines():
                    self._forward(child.name, line)
            end = child.keep_running()
            if end is not None:
                self._tell(str(end))
                if end.fate is ProgramFate.KEPT:  # of other ends, the program itself has told
                    self._announcer.tell(end)
        running, restarts = sum(child.running for child in self.children), sum(c.restarts for c in self.children)
        self._announcer.figures = {"running": running, "restarts": restarts}
        self._announcer.note = f"{running} of {len(self.children)} programs running, {restarts} restarts"

    def end(self, programs: Collection[str] = NAMES) -> None:
        """End these programs, named as in the table. Each kind has its patience; meanwhile others are kept running."""
        for name in NAMES:
            if name in programs:
                self._end([child for child in self.children if child.program.name == name])

    def _end(self, leaving: Sequence[ProgramProcess]) -> None:
        for child in leaving:
            child.tell_to_stop()
        deadline = time.monotonic() + max((child.program.patience_s for child in leaving), default=0.0)
        while any(child.running for child in leaving) and time.monotonic() < min(deadline, self._last_moment()):
            self.look()
            time.sleep(_TURN_S)
        for child in leaving:
            if words := child.finish():
                self._tell(words)
        self.look()

    def _last_moment(self) -> float:
        """Until when programs may take their time (monotonic)."""
        if self._stop.signals > 2:
            return 0.0
        if self._stop.signals == 2:
            self._hurry()
        return self._hurry_until

    def _hurry(self) -> None:
        """Stop all at once, and give them a few seconds."""
        if math.isinf(self._hurry_until):
            self._hurry_until = time.monotonic() + HURRY_S
            for child in self.children:
                child.tell_to_stop()
