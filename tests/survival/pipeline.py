"""A whole pipeline of real programs, each a process of its own, and what a test can see of it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
from confluent_kafka import TopicPartition

from charles import topics
from charles.events import Status, now
from charles.kafka import topic_admin
from charles.kafka.clients import consumer, name
from charles.kafka.schemas import SchemaStore
from charles.settings import Kafka
from tests.logged import logged
from tests.patience import PATIENCE_S
from tests.programs import configure

COLLECTORS = ("collector-1", "collector-2")
NAMES = (*COLLECTORS, "balancer-1", "trainer-1", "player-1")
SMALL = {
    "game": "slalom",
    "balance": {"bins": 5},
    "play": {"swap": "at once"},
    "train": {"buffer": 84, "checkpoint_every": 20},
}
"""So that it learns soon: with few bins sets come soon."""
BACK_S = 20.0
"""So soon must all go on once their broker answers. 10 s are promised; but tests have other work beside them."""
_MIB = 1 << 20

True_ = Callable[[dict[str, Status]], object]


class Pipeline:
    """Two collectors, a balancer, a trainer and a player, or others, on a broker that the test has started.

    processes: by instance; heard: every heartbeat of each instance, the oldest first.
    """

    def __init__(
        self, kafka: Kafka, folder: Path, names: Sequence[str] = NAMES, users: Mapping[str, Kafka] | None = None
    ) -> None:
        """folder: of the programs' logs; names: of its instances; users: the settings of each program, where they are
        not everybody's."""
        self.kafka = kafka
        self._names = names
        self._users = users or {}
        self.processes: dict[str, psutil.Process] = {}
        self.heard: dict[str, list[Status]] = defaultdict(list)
        self._folder = folder
        self._schemas = SchemaStore(kafka)
        self._reader = consumer(kafka, "test-survival", error_cb=lambda _error: None)

    def start(self, programs: ExitStack) -> None:
        """Start every program; each is told to stop, in this order, when the stack is unwound."""
        topic_admin.ensure(self.kafka)
        configure(self.kafka, SMALL)
        self._reader.assign([TopicPartition(name(self.kafka, topics.STATUS), 0, 0)])
        own = {"trainer": {"tensorboard": self._folder / "tensorboard"}}
        for instance in reversed(self._names):
            program, _, number = instance.partition("-")
            local = {"name": instance} | ({"seed": int(number)} if program == "collector" else {})
            verb = {"collector": "collect", "balancer": "balance", "trainer": "train", "player": "play"}[program]
            sections = {program: local | own.get(program, {})}
            kafka = self._users.get(program, self.kafka)
            process = programs.enter_context(logged(verb, kafka, self.log(instance), **sections))
            self.processes[instance] = psutil.Process(process.pid)

    def close(self) -> None:
        self._reader.close()

    def log(self, instance: str) -> Path:
        return self._folder / f"{instance}.log"

    def look(self, wait_s: float = 0.2) -> dict[str, Status]:
        """The newest heartbeat of each instance, of those that have just spoken. Fails where a program has ended."""
        for message in self._reader.consume(100, timeout=wait_s):
            if message.error() is None:
                status = self._schemas.decode(Status, message.value())
                self.heard[status.instance].append(status)
        for instance, process in self.processes.items():
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                pytest.fail(f"{instance} has ended: {self.log(instance).read_text()[-2000:]}")
        newest = {instance: told[-1] for instance, told in self.heard.items()}
        return {instance: status for instance, status in newest.items() if (now() - status.time).total_seconds() < 3}

    def until(self, true: True_, patience_s: float = PATIENCE_S) -> dict[str, Status]:
        """Follow the heartbeats until they say what the test waits for; returns them."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            alive = self.look()
            if true(alive):
                return alive
        pytest.fail(f"it did not come to that within {patience_s:g} s; the last heartbeats: {alive}")

    def watch(self, seconds: float) -> None:
        """Let it run, and see to it that no program ends."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.look(1.0)

    def memory(self) -> dict[str, float]:
        """Resident memory of each program, MiB."""
        return {instance: process.memory_info().rss / _MIB for instance, process in self.processes.items()}

    def lines(self, instance: str) -> list[str]:
        """What the program logged, without its regular lines of progress."""
        return [line for line in self.log(instance).read_text().splitlines() if not _tells_progress(line)]


@contextmanager
def running(
    kafka: Kafka, folder: Path, names: Sequence[str] = NAMES, users: Mapping[str, Kafka] | None = None
) -> Iterator[Pipeline]:
    """A pipeline, until the block ends; then every program is told to stop, and must do so cleanly."""
    pipeline = Pipeline(kafka, folder, names, users)
    try:
        with ExitStack() as programs:
            pipeline.start(programs)
            yield pipeline
    finally:
        pipeline.close()


def learning(alive: dict[str, Status]) -> bool:
    """Whether the loop is closed: all are there, and the player drives with weights that were trained meanwhile."""
    return alive.keys() >= set(NAMES) and alive["player-1"].batch > 0 and alive["trainer-1"].state == "running"


def go_on(running: Pipeline) -> dict[str, float]:
    """Seconds, for each program, from now to its first heartbeat that shows new work done."""
    back, took, trained = now(), {}, running.heard["trainer-1"][-1].batch

    def works(status: Status) -> bool:
        if status.instance in COLLECTORS:
            return status.state == "running" and status.figures["queued"] < 30
        if status.program == "balancer":
            return status.figures.get("emitted", 0) > 0 and status.rate > 0
        if status.program == "trainer":
            return status.batch > trained
        return status.state == "running"

    def all_work(_alive: dict[str, Status]) -> bool:
        for instance in NAMES:
            for status in running.heard[instance]:
                if instance not in took and status.time > back and works(status):
                    took[instance] = (status.time - back).total_seconds()
        return took.keys() == set(NAMES)

    running.until(all_work)
    return took


def said(running: Pipeline) -> dict[str, int]:
    """How many lines each program has logged, without those of progress."""
    return {instance: len(running.lines(instance)) for instance in NAMES}


def _tells_progress(line: str) -> bool:
    return " run " in line or " batch number: " in line or " acc/brk: " in line
