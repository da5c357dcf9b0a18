"""What a collector reads from heartbeats: which bins starve, and whether another process has its name."""

from __future__ import annotations

import logging
import os
import socket
import time
from dataclasses import dataclass, field

import psutil

from charles.control.members import ENDED
from charles.control.status_topic import StatusFollower
from charles.events import Status
from charles.pacing import Every
from charles.settings import Kafka

log = logging.getLogger(__name__)

BEGAN = "began"
"""The figure of a collector's heartbeat that says when its process began: seconds since 1970."""
STARVING_S = 5.0
"""What a balancer said so long ago holds no more."""
RIVAL_S = 3.0
"""A process that said nothing for so long is gone."""
_EVERY_S = 1.0


@dataclass(frozen=True, slots=True, order=True)
class Process:
    """One that drives under a name. Whoever began first comes first, wherever the two are compared."""

    began: float
    host: str
    pid: int

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


@dataclass(slots=True)
class Heard:
    """What heartbeats say to one collector. Pure; every `at` is monotonic, in seconds."""

    instance: str
    me: Process
    _starving: dict[str, tuple[float, list[str]]] = field(default_factory=dict)
    _rivals: dict[tuple[str, int], tuple[float, Process]] = field(default_factory=dict)

    def take(self, status: Status, at: float) -> None:
        if status.program == "balancer":
            self._starving[status.instance] = at, status.starving if status.state == "running" else []
        elif status.program == "collector" and status.instance == self.instance:
            self._meet(status, at)

    def starving(self, at: float) -> list[str]:
        """What the balancers lack: each has partitions, and so sets, of its own."""
        return [name for heard, names in self._starving.values() if at - heard < STARVING_S for name in names]

    def rivals(self, at: float) -> list[Process]:
        """The other processes that live under this name, in their order."""
        return sorted(process for heard, process in self._rivals.values() if at - heard < RIVAL_S)

    def _meet(self, status: Status, at: float) -> None:
        place = status.host, status.pid
        if status.state in ENDED:
            self._rivals.pop(place, None)
        elif place != (self.me.host, self.me.pid) and BEGAN in status.figures:
            self._rivals[place] = at, Process(status.figures[BEGAN], *place)


class StatusListener:
    """Follows the topic `status` from now on, once a second, and never waits for it.

    starving: names of bins; elder: the process that has this name by right, because it began first: while there is one,
    this one must stand aside; me: this process.
    """

    def __init__(self, kafka: Kafka, instance: str) -> None:
        self.me = Process(psutil.Process().create_time(), socket.gethostname(), os.getpid())
        self.starving: list[str] = []
        self.elder: Process | None = None
        self._heard = Heard(instance, self.me)
        self._known: list[Process] = []
        self._looking = Every(_EVERY_S)
        self._follower = StatusFollower(kafka, f"hearing-{instance}")

    def listen(self) -> bool:
        """Take in what was said, if a second has passed since the last look; tells whether it has."""
        if not self._looking.due():
            return False
        at = time.monotonic()
        for status in self._follower.glance():
            self._heard.take(status, at)
        self.starving = self._heard.starving(at)
        self._judge(self._heard.rivals(at))
        return True

    def close(self) -> None:
        self._follower.close()

    def _judge(self, rivals: list[Process]) -> None:
        """Who stands aside: all but the first; and say so when that changes."""
        self.elder = rivals[0] if rivals and rivals[0] < self.me else None
        if rivals != self._known and self.elder is not None:
            log.warning("%s already runs under this name: waiting until it ends", self.elder)
        elif rivals and rivals != self._known:
            log.warning("%s started under this name too, and now waits: give each collector a unique name", rivals[0])
        elif self._known and not rivals:
            log.info("no other collector has this name anymore")
        self._known = rivals
