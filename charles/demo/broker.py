"""The demo's broker, restarted in the background, because a restart takes seconds."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue

from charles.supervisor.backoff import Backoff
from infra.kafka import BrokerError, broker_process
from infra.kafka.broker import LocalBroker

_TURN_S = 0.2


class KeptBroker:
    """A broker that is restarted when it dies. It recovers from its log and loses nothing that it acknowledged."""

    def __init__(self, broker: LocalBroker) -> None:
        self._broker = broker
        self._delay = Backoff()
        self._up_since = time.monotonic()
        self._news: SimpleQueue[str] = SimpleQueue()
        self._leaving = threading.Event()
        self._helper: threading.Thread | None = None

    def look(self) -> list[str]:
        """Have it started again if it died; returns what a person should know."""
        if not self._starting and not self._broker.started_here:
            self._helper = threading.Thread(target=self._bring_back, daemon=True, name="broker")
            self._helper.start()
        news = []
        with suppress(Empty):
            while True:
                news.append(self._news.get_nowait())
        return news

    def stop(self, patience_s: float) -> None:
        """End it, also while it is being started."""
        self._leaving.set()
        while self._starting:
            found = broker_process.running(self._broker.data)
            if found and found.broker:
                broker_process.end(found.pid, patience_s)
            time.sleep(_TURN_S)
        self._broker.stop(patience_s)

    @property
    def _starting(self) -> bool:
        return self._helper is not None and self._helper.is_alive()

    def _bring_back(self) -> None:
        """Try until it runs, or nobody wants it any more."""
        problem = f"the broker died: {self._broker.why_it_died()}"
        ran_s = time.monotonic() - self._up_since
        while not self._leaving.is_set():
            pause_s = self._delay.next(ran_s)
            self._news.put(f"{problem}; restarting in {pause_s:g} s")
            if self._leaving.wait(pause_s):
                return
            try:
                self._broker.start(detached=False)
            except (BrokerError, OSError) as error:
                problem, ran_s = str(error), 0.0
            else:
                self._up_since = time.monotonic()
                self._news.put("the broker is back")
                return
