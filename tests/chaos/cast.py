"""The seven processes of the chaos: started, killed, frozen, and started again when they have ended."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from charles.base.shutdown import SUPERVISED
from charles.settings import Kafka, Settings, environment, load
from infra.kafka.broker import LocalBroker
from infra.kafka.broker_process import new_group
from tests.chaos.schedule import BALANCERS, BROKER, COLLECTORS
from tests.kafka_tools import kill as kill_broker

ROOT = Path(__file__).parents[2]
COMMIT_S = 0.1
_END_S = 90.0
_EXCUSED_S = 15.0
"""A program that starts while there is no broker waits 10 s for one, and ends; so it may a little later too."""

Command = Callable[[int], list[str]]
"""The arguments of a program, from the number of its life."""


class Program:
    """A program that may be killed and started again. lives: how often it was started; own_ends: its exit codes, where
    nobody had killed it; given_up: how often it ended for want of a broker, as it may."""

    def __init__(self, command: Command, settings: Settings, log: Path) -> None:
        self.lives = 0
        self.own_ends: list[int] = []
        self.given_up = 0
        self._command = command
        self._environment = os.environ | environment(settings) | {SUPERVISED: "1"}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._frozen = False

    @property
    def there(self) -> bool:
        """Whether it runs, and is not frozen."""
        return self._process is not None and self._process.poll() is None and not self._frozen

    def start(self) -> None:
        self.lives += 1
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self._command(self.lives)],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                **new_group(),  # Ctrl-C is for whoever directs all this
            )

    def kill(self) -> None:
        """As kill -9 does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._frozen = False

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        self._frozen = True

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self._frozen = False

    def revive(self, *, excused: bool) -> None:
        """Start it again if it has ended by itself, for want of a broker where it is excused."""
        if self._process is not None and (code := self._process.poll()) is not None:
            if excused:
                self.given_up += 1
            else:
                self.own_ends.append(code)
            self.start()

    def tell_to_stop(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(b"stop\n")
            self._process.stdin.flush()

    def wait(self) -> None:
        """Until it has ended, which it was told to."""
        assert self._process is not None
        if (code := self._process.wait(_END_S)) != 0:
            self.own_ends.append(code)
        self._process = None


class Cast:
    """Who plays: four collectors, two balancers, a broker. programs: by name, all but the broker."""

    def __init__(self, kafka: Kafka, broker: LocalBroker, folder: Path, hz: float, poison: float) -> None:
        """hz: ticks a second of each collector; poison: its odd records for each tick."""
        self._broker = broker
        self._starter = ThreadPoolExecutor(1)
        self._back_s = -math.inf
        self._starting: Future[None] | None = None
        self.notes = {name: folder / f"{name}.acknowledged" for name in COLLECTORS}
        self.programs: dict[str, Program] = {}
        for name in COLLECTORS:
            command = _collect(name, hz, poison, self.notes[name])
            self.programs[name] = Program(command, load(kafka=kafka.model_dump()), folder / f"{name}.log")
        for name in BALANCERS:
            settings = load(kafka=kafka.model_dump(), balancer={"name": name, "commit_seconds": COMMIT_S})
            self.programs[name] = Program(_balance, settings, folder / f"{name}.log")

    def start(self) -> None:
        for program in self.programs.values():
            program.start()

    @property
    def broker_is_up(self) -> bool:
        """Whether it answers, or did when it was last started."""
        return self._starting is None or self._starting.done()

    def is_there(self, name: str) -> bool:
        return self.broker_is_up if name == BROKER else self.programs[name].there

    def kill_broker(self) -> None:
        """Kill it, and start it again beside whatever goes on."""
        kill_broker(self._broker)
        self._starting = self._starter.submit(self._start_broker)

    def revive(self) -> None:
        """Start again what has ended by itself. Raises BrokerError where the broker does not come up."""
        if self._starting is not None and self._starting.done():
            self._starting.result()
        excused = not self.broker_is_up or time.monotonic() - self._back_s < _EXCUSED_S
        for program in self.programs.values():
            program.revive(excused=excused)

    def _start_broker(self) -> None:
        self._broker.start(detached=False)
        self._back_s = time.monotonic()

    def end(self, names: tuple[str, ...]) -> None:
        """Tell these to stop; returns once they have."""
        for name in names:
            self.programs[name].tell_to_stop()
        for name in names:
            self.programs[name].wait()

    def close(self) -> None:
        """End whatever is left."""
        for program in self.programs.values():
            program.kill()
        self._starter.shutdown()


def _collect(name: str, hz: float, poison: float, notes: Path) -> Command:
    return lambda life: ["tests.chaos.collector", name, str(life), str(hz), str(poison), str(notes)]


def _balance(_life: int) -> list[str]:
    return ["charles", "balance"]
