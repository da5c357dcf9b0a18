"""Tells how a collector is doing: a heartbeat for everybody, a line for who sits before it."""

from __future__ import annotations

import sys

from charles.control import Link
from charles.pacing import RateKeeper
from producers.collector.drive import Drive
from producers.collector.refused import Refused
from producers.collector.sender import Sender

PLAIN_EVERY = 5
"""Beats, of a second each, between two lines where nobody watches a terminal."""


class Report:
    def __init__(self, link: Link, keeper: RateKeeper, sender: Sender, drive: Drive, refused: Refused) -> None:
        self._link = link
        self._keeper = keeper
        self._sender = sender
        self._drive = drive
        self._refused = refused
        self._beats = 0

    def tell(self, state: str) -> None:
        """Heartbeat and line, if a second has passed since the last. state: running, waiting or paused."""
        late, dropped, drive = self._keeper.late, self._sender.dropped, self._drive
        told = self._link.beat(
            state,
            figures={
                "late": late,
                "dropped": dropped,
                "queued": self._sender.queued,
                "runs": drive.runs,
                "crashes": drive.crashes,
                "refused": self._refused.count,
            },
        )
        if not told:
            return
        self._beats += 1
        watched = sys.stdout.isatty()
        if watched or self._beats % PLAIN_EVERY == 0:
            words = (
                f"{self._link.instance} run {drive.runs} tick {drive.tick} "
                f"{self._link.rate.per_second():.1f} Hz late {late} dropped {dropped}"
                + (f" {state}" if state != "running" else "")
            )
            print(f"\r{words}\x1b[K" if watched else words, end="" if watched else "\n", flush=True)
