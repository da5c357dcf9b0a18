"""Which programs run, are silent or have died, by their heartbeats. Does not use Kafka."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from charles.events import Status

SILENT_S = 2.0
"""Programs send a heartbeat every second."""
STARTING_S = 30.0
"""A program that loads a network sends none until it is done."""
STARTING = ("starting", "starting over")
ENDED = ("stopped", "failed", "died")
WELL = "well"
SILENT = "silent"
_TOGETHER_S = 3.0
_ONE_DEATH_S = 10.0
_INCIDENTS = 50

Process = tuple[str, int]
"""Host and process id."""


@dataclass(frozen=True, slots=True)
class Incident:
    """A crash or a restart. state: failed, died or restarted; words: why."""

    time: datetime
    instance: str
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class Member:
    """One instance. heard: when its newest heartbeat came, by this machine's clock; lives: the first and the last
    heartbeat of each of its recent processes."""

    status: Status
    heard: datetime
    lives: dict[Process, tuple[datetime, datetime]] = field(default_factory=dict)

    def silent_s(self, at: datetime) -> float:
        return max((at - self.heard).total_seconds(), 0.0)

    def condition(self, at: datetime, patience_s: float = SILENT_S) -> str:
        """well, silent, stopped, failed or died. patience_s: after how long it counts as silent; longer while it is
        starting."""
        state = self.status.state
        if state in ENDED:
            return state
        patience_s = max(patience_s, STARTING_S) if state in STARTING else patience_s
        return SILENT if self.silent_s(at) > patience_s else WELL

    def rivals(self, at: datetime) -> list[Process]:
        """The processes that run at the same time under this name; empty if there is only one, as there must be."""
        fresh = {process: life for process, life in self.lives.items() if (at - life[1]).total_seconds() < _TOGETHER_S}
        return sorted(
            process
            for process, (first, last) in fresh.items()
            if any(first < other[1] and other[0] < last for name, other in fresh.items() if name != process)
        )


class Members:
    """members: every instance that reported, by name; incidents: crashes and restarts, newest last."""

    def __init__(self) -> None:
        self.members: dict[str, Member] = {}
        self.incidents: deque[Incident] = deque(maxlen=_INCIDENTS)

    def take(self, status: Status, heard: datetime) -> None:
        """Take in a heartbeat. heard: when, by this machine's clock."""
        before = self.members.get(status.instance)
        lives = _lives(before, status, heard)
        self._note(before, status, heard)
        self.members[status.instance] = Member(status, heard, lives)

    def _note(self, before: Member | None, status: Status, heard: datetime) -> None:
        if status.state in ("failed", "died"):
            if before is None or (before.status.state, before.status.pid) != (status.state, status.pid):
                self._forget_same_death(status, heard)
                self.incidents.append(Incident(heard, status.instance, status.state, status.note))
        elif before and before.status.state not in ENDED and (status.host, status.pid) not in before.lives:
            words = f"process {before.status.pid} before, {status.pid} now, without a shutdown message"
            self.incidents.append(Incident(heard, status.instance, "restarted", words))

    def _forget_same_death(self, status: Status, heard: datetime) -> None:
        """A failed program reports it, and then its supervisor does with more details: count them as one."""
        for incident in [*self.incidents]:
            recent = (heard - incident.time).total_seconds() < _ONE_DEATH_S
            if recent and incident.instance == status.instance and incident.state == "failed":
                self.incidents.remove(incident)


def _lives(before: Member | None, status: Status, heard: datetime) -> dict[Process, tuple[datetime, datetime]]:
    """The processes of an instance after a heartbeat. The death of a process is reported by another one."""
    lives = {} if before is None else before.lives
    if status.state == "died":
        return lives
    process = status.host, status.pid
    first, _ = lives.get(process, (heard, heard))
    lately = {name: life for name, life in lives.items() if (heard - life[1]).total_seconds() < _ONE_DEATH_S}
    return lately | {process: (first, heard)}
