"""Every program's heartbeat on the topic `status`: who it is, what it does, how fast, how far behind."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from importlib.metadata import version
from types import TracebackType
from typing import Self

import psutil

from charles import topics
from charles.events import Status, now
from charles.kafka import Publisher
from charles.settings import Kafka

VERSION = version("charles")
_WINDOW_S = 5.0


class Rate:
    """Events a second, over the last few seconds."""

    def __init__(self, window_s: float = _WINDOW_S) -> None:
        self._window_s = window_s
        self._marks: deque[tuple[float, int]] = deque()
        self._total = 0

    def add(self, count: int = 1) -> None:
        self._total += count

    def per_second(self) -> float:
        now_s = time.monotonic()
        self._marks.append((now_s, self._total))
        while len(self._marks) > 2 and self._marks[1][0] < now_s - self._window_s:
            self._marks.popleft()
        (start_s, start), (end_s, end) = self._marks[0], self._marks[-1]
        return (end - start) / (end_s - start_s) if end_s > start_s else 0.0


class Heartbeat:
    """Publishes a Status once a second, whenever beat() is called, and a last one when the program ends.

    A program calls beat() from its own loop, so that silence means that the loop hangs.
    """

    def __init__(self, kafka: Kafka, program: str, instance: str = "") -> None:
        self.program = program
        self.instance = instance or program
        self.rate = Rate()
        self._publisher = Publisher(kafka, Status, **{"message.timeout.ms": 3000, "queue.buffering.max.kbytes": 256})
        self._process = psutil.Process()
        self._next = 0.0

    def __enter__(self) -> Self:
        self.beat("starting", force=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        failed = kind is not None and not issubclass(kind, KeyboardInterrupt | SystemExit)
        self.beat("failed" if failed else "stopped", note=str(error) if failed else "", force=True)
        self._publisher.flush(1.0)

    def beat(self, state: str, *, lag: int = -1, note: str = "", force: bool = False, **figures: float) -> bool:
        """Publish a Status if the last one is a second old; tells whether it did.

        state: starting, waiting, running, stopped or failed; lag: unread messages, -1 unknown.
        """
        if time.monotonic() < self._next and not force:
            return False
        self._next = time.monotonic() + 1
        status = Status(
            program=self.program,
            instance=self.instance,
            time=now(),
            state=state,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=VERSION,
            rate=self.rate.per_second(),
            lag=lag,
            memory=self._process.memory_info().rss,
            note=note,
            figures=figures,
        )
        self._publisher.send_or_drop(topics.STATUS, status, self.instance)
        return True
