"""How far a replay is: for the people at the terminal, in the log elsewhere, and in the heartbeat."""

from __future__ import annotations

import logging
import shutil
import sys
import time
from collections.abc import Mapping

from charles.base.logs import ProgressLine
from charles.base.sizes import size
from charles.base.time_format import h_mm_ss, iso
from charles.control.link import Link
from charles.pacing import Rate
from charles.recordings.replay_outcome import ReplayOutcome
from producers.replayer.pacer import Pacer
from producers.replayer.plan import ReplayPlan
from producers.replayer.sender import ReplaySender

log = logging.getLogger(__name__)

_TERMINAL_S = 0.2
_BAR_CHARACTERS = 8
_HINT_S = 4.0


class ReplayReport:
    """passes: how often it began; position_ms: the recorded time of the last record."""

    def __init__(self, plan: ReplayPlan, link: Link, sender: ReplaySender, pacer: Pacer) -> None:
        self.passes = 0
        self.unread = 0
        self.position_ms = plan.first_ms
        self._plan, self._link, self._sender, self._pacer = plan, link, sender, pacer
        self._began = time.monotonic()
        self._bytes = Rate()
        self._known_bytes = 0
        self._hint = ""
        self._hint_until = 0.0
        self._progress = ProgressLine(log, _TERMINAL_S, sys.stderr)

    def hint(self, words: str) -> None:
        """Tell whoever pressed a key what came of it, for some seconds."""
        self._hint, self._hint_until = words, time.monotonic() + _HINT_S

    def tell(self, state: str) -> None:
        """state: running, paused or waiting, as heartbeats say it."""
        self._bytes.add(self._sender.bytes - self._known_bytes)
        self._known_bytes = self._sender.bytes
        where = f"{h_mm_ss(self._position / 1000)} of {h_mm_ss(self._length / 1000)}"
        self._link.beat(state, note=where, figures={"late": self._pacer.late, "passes": self.passes})
        if self._progress.due():
            self._progress.show(self._line(state, where), late=self._pacer.late, position=iso(self.position_ms))

    def close(self) -> None:
        self._progress.clear()

    def outcome(self, complete: bool, surplus: Mapping[str, int] | None) -> ReplayOutcome:
        return ReplayOutcome(
            prefix=self._plan.kafka.prefix,
            records=dict(self._sender.sent),
            bytes=self._sender.bytes,
            late=self._pacer.late,
            position_ms=self.position_ms,
            passes=self.passes,
            complete=complete,
            undelivered=self._sender.queued,
            unread=self.unread,
            surplus=surplus,
        )

    @property
    def _position(self) -> int:
        return self.position_ms - self._plan.first_ms

    @property
    def _length(self) -> int:
        return self._plan.last_ms - self._plan.first_ms

    def _line(self, state: str, where: str) -> str:
        share = min(self._position / self._length, 1.0) if self._length else 1.0
        left = self._pacer.remaining_s(self.position_ms, self._plan.last_ms)
        if left is None:
            elapsed = time.monotonic() - self._began
            left = elapsed * (1 - share) / share if share and not self._plan.loop else None
        done = round(share * _BAR_CHARACTERS)
        parts = [
            f"[{'#' * done}{'.' * (_BAR_CHARACTERS - done)}] {where}",
            "" if state == "running" else state,
            self._hint if time.monotonic() < self._hint_until else "",
            f"pass {self.passes}" if self._plan.loop else "",
            f"{self._link.rate.per_second():,.0f} records/s",
            f"{size(self._bytes.per_second())}/s",
            "" if left is None else f"{h_mm_ss(left)} left",
            f"{self._pacer.late:,} late",
        ]
        return "  ".join(filter(None, parts))[: shutil.get_terminal_size().columns - 1]
