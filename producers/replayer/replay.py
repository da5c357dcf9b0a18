"""The replay itself: one record after the other, each at its time."""

from __future__ import annotations

import time
from collections.abc import Mapping

from confluent_kafka import KafkaException

from charles.base.shutdown import Stop
from charles.base.time_format import h_mm_ss, iso
from charles.control.link import Link
from charles.kafka.clients import BrokerUnavailable, require_broker
from charles.recordings.format.errors import RecordingError
from charles.recordings.replay_outcome import ReplayOutcome
from producers.replayer import keyboard as pressed
from producers.replayer.duplicate_check import Ends, ends, surplus
from producers.replayer.keyboard import Keys
from producers.replayer.pacer import Pacer
from producers.replayer.plan import ReplayPlan
from producers.replayer.rename_runs import RunRenaming
from producers.replayer.report import ReplayReport
from producers.replayer.resume_point import Place
from producers.replayer.sender import NotDelivered, ReplaySender

_TURN_S = 0.05
_SEEK_MS = 10_000
_LAST_CHANCE_S = 10.0


class CutShort(RuntimeError):
    """A replay could not come to its end; the message says why, and how far it came."""


class Replay:
    """Sends what the plan says until its end, or until somebody stops it."""

    def __init__(self, plan: ReplayPlan, link: Link, stop: Stop, sender: ReplaySender, keys: Keys) -> None:
        self._plan, self._link, self._stop, self._sender, self._keys = plan, link, stop, sender, keys
        self._pacer = Pacer(plan.speed)
        self._report = ReplayReport(plan, link, sender, self._pacer)
        self._next_turn = 0.0
        self._sought: int | None = None
        self._there: dict[Place, int] = {}

    def run(self, there: Mapping[Place, int]) -> ReplayOutcome:
        """there: how many records of each partition are there already, to pass over. Raises CutShort, AccessRefused."""
        try:
            self._there = dict(there)
            before = ends(self._plan)
            since = self._pass(None)
            while not self._stop() and (since is not None or self._plan.loop):
                since = self._pass(since)
            complete = not self._stop()
            self._finish()
        except (RecordingError, NotDelivered) as error:
            if isinstance(error, RecordingError):
                self._finish()
            raise CutShort(f"{error}; {self._reached()}") from None
        finally:
            self._report.close()
        return self._report.outcome(complete, self._surplus(before))

    def _pass(self, since: int | None) -> int | None:
        """Send everything from this time on; returns the time to go on from where somebody sought one, else None."""
        renaming = RunRenaming(self._plan.recording.manifest) if self._plan.new_run else None
        self._report.passes += 1
        self._report.position_ms = self._plan.first_ms if since is None else since
        self._sought = None
        self._pacer.restart()
        for topic, partition, record in self._plan.records(since):
            there = bool(self._there) and self._passes_over((topic, partition))
            position = max(self._report.position_ms, record.timestamp)
            if not (self._goes_on() if there else self._comes_to(position)):
                break
            self._report.position_ms = position
            if there:
                continue
            self._sender.send(topic, partition, record if renaming is None else renaming(record))
            self._link.rate.add()
        self._report.unread += 0 if renaming is None else renaming.unread
        return self._sought

    def _passes_over(self, place: Place) -> bool:
        """Whether the next record of this partition is there already."""
        left = self._there.pop(place, 0)
        if left > 1:
            self._there[place] = left - 1
        return left > 0

    def _comes_to(self, position: int) -> bool:
        """Wait until the records of this time may be sent; False: it is stopped before, or goes on elsewhere."""
        while self._goes_on():
            if self._link.paused:
                self._stop(_TURN_S)
                self._pacer.restart()
            elif not self._sender.has_room():
                self._sender.wait(_TURN_S)
            elif (left := self._pacer.left_s(position)) > 0:
                self._stop(min(left, _TURN_S))
            else:
                return True
        return False

    def _goes_on(self) -> bool:
        """Look after everything else when it is time to; False: it is stopped, or goes on elsewhere."""
        if time.monotonic() >= self._next_turn:
            self._turn()
        return self._sought is None and not self._stop()

    def _turn(self) -> None:
        """Look after everything else: heartbeat, commands, keys, what is told."""
        self._next_turn = time.monotonic() + _TURN_S
        self._sender.wait(0)
        for key in self._keys.pressed():
            self._obey(key)
        self._report.tell("paused" if self._link.paused else "running")
        if self._link.should_end() and not self._stop():
            self._link.begin()  # no change of the configuration concerns a replay

    def _obey(self, key: str) -> None:
        if key == pressed.QUIT:
            self._stop.set()
        elif key == pressed.SPACE:
            self._link.paused = not self._link.paused
        elif self._there:
            self._report.hint("cannot seek yet: the next records are already in the topics")
        elif key == pressed.RIGHT:
            self._sought = self._report.position_ms + _SEEK_MS
        elif self._plan.new_run:
            self._sought = max(self._report.position_ms - _SEEK_MS, self._plan.first_ms)
        else:
            self._report.hint("seeking back needs --new-run: those records are already in the topics")

    def _finish(self) -> None:
        """Wait until everything is delivered; once it is told to stop, not for long."""
        deadline = time.monotonic() + _LAST_CHANCE_S
        while self._sender.queued and not (self._stop() and time.monotonic() > deadline):
            self._sender.wait(_TURN_S)
            self._turn()

    def _surplus(self, before: Ends) -> dict[str, int] | None:
        """What came beside what was sent, where there is a reason to ask; None: nobody answers that could tell."""
        if not self._sender.lost or self._sender.queued:
            return {}
        try:
            require_broker(self._plan.kafka)
            return surplus(before, ends(self._plan), self._sender.sent)
        except (BrokerUnavailable, KafkaException):
            return None

    def _reached(self) -> str:
        reached = self._report.position_ms
        records = ", ".join(f"{name} {count:,}" for name, count in self._sender.sent.items()) or "no records"
        after = h_mm_ss((reached - self._plan.first_ms) / 1000)
        on_way = f", {self._sender.queued:,} of them not acknowledged" if self._sender.queued else ""
        return f"replayed up to {iso(reached)} ({after} from its start): {records}{on_way}"
