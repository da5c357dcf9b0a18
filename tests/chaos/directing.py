"""Directs the chaos: everything is started, struck at random moments, given time to settle, and ended."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException, TopicPartition

from charles import topics
from charles.kafka import topic_admin, topic_report
from charles.kafka.clients import BrokerUnavailable, consumer, name
from charles.labels.bins import Version
from charles.settings import Kafka
from infra.kafka import Progress, no_progress
from infra.kafka.broker import LocalBroker
from tests.chaos import acknowledged
from tests.chaos.cast import Cast
from tests.chaos.schedule import BALANCERS, COLLECTORS, Act, Deed, Plan
from tests.ports import free_port
from tests.programs import configure

BALANCE = {"bins": 5, "bin_capacity": 40}
"""Few and small bins, so that sets are whole often and full bins have surplus."""
PREFIX = "chaos"
AWAY = (KafkaException, BrokerUnavailable, TimeoutError)
"""What is raised where a broker is not there, or not quite yet."""
_BREATH = 5
"""Strikes; after so many something must come of the balancers before it goes on."""
_PATIENCE_S = 300.0
_LOOK_S = 0.1
_TOO_OFTEN = 5


@dataclass(slots=True)
class Story:
    """What has happened. deeds: how often what was done; halves: acknowledged; samples: seen in `balanced` so far;
    longest_pause_s: without a new one; given_up: programs that ended for want of a broker, and were started again;
    own_ends: exit codes of others that ended and were not killed, by name."""

    deeds: Counter[Deed] = field(default_factory=Counter)
    halves: int = 0
    samples: int = 0
    longest_pause_s: float = 0.0
    drained_s: float = 0.0
    seconds: float = 0.0
    given_up: int = 0
    own_ends: dict[str, list[int]] = field(default_factory=dict)


class Stuck(RuntimeError):
    """Nothing comes of it any more; the message says why, or what was waited for."""


Tell = Callable[[Story, str], None]
"""Is told how far it is, ten times a second or so: the story, and what goes on."""


class Director:
    """One performance. Its processes and its broker are there until it is closed."""

    def __init__(self, folder: Path, hz: float, poison: float, tell: Tell, progress: Progress = no_progress) -> None:
        """folder: for the broker, the notes and the logs; hz: ticks a second of each collector; poison: its odd records
        for each tick."""
        self.story = Story()
        self._tell = tell
        self._exits = ExitStack()
        broker = LocalBroker(folder / "kafka", free_port())
        self._exits.callback(broker.stop)
        try:
            self.kafka = Kafka(bootstrap_servers=broker.start(progress, detached=False), prefix=PREFIX)
            topic_admin.ensure(self.kafka)
            self.cast = self._exits.enter_context(closing(Cast(self.kafka, broker, folder, hz, poison)))
            self._samples = self._exits.enter_context(closing(_Samples(self.kafka)))
        except BaseException:
            self.close()
            raise
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._emitted_s = time.monotonic()

    def close(self) -> None:
        self._exits.close()

    def play(self, plan: Plan, ticks: int) -> None:
        """Do all that, then go on until about so many ticks are acknowledged, then let everything settle.

        Raises Stuck, BrokerError.
        """
        began = time.monotonic()
        self._balance(plan.version)
        self.cast.start()
        for number, act in enumerate(plan.acts):
            if number % _BREATH == 0:
                self._breathe()
            self._wait(act.after_s, "")
            self._do(act)
        self._until("more ticks", lambda: self.story.halves >= 2 * ticks, lambda: self.story.halves)
        self._until("all to be back", lambda: not self._later and self.cast.broker_is_up)
        self.cast.end(COLLECTORS)
        settling = time.monotonic()
        self._until("the balancers to settle", lambda: self._lag() == 0, self._lag)
        self.cast.end(BALANCERS)
        self.story.drained_s = time.monotonic() - settling
        self.story.seconds = time.monotonic() - began
        self._look("ended")

    def _do(self, act: Act) -> None:
        while (victim := next((name for name in act.victims if self.cast.is_there(name)), None)) is None:
            self._look(f"waiting for {' or '.join(act.victims)}")
        self.story.deeds[act.deed] += 1
        if act.deed is Deed.CHANGE_BALANCING:
            self._balance(act.version)
            return
        if act.deed is Deed.KILL_BROKER:
            self.cast.kill_broker()
            return
        program = self.cast.programs[victim]
        if act.deed is Deed.FREEZE_BALANCER:
            program.freeze()
            self._later.append((time.monotonic() + act.for_s, program.thaw))
            return
        program.kill()
        self._later.append((time.monotonic() + act.for_s, program.start))

    def _breathe(self) -> None:
        """However slow the machine is: something comes of the balancers between two blows."""
        before = self.story.samples
        self._until("samples", lambda: self.story.samples > before)

    def _balance(self, version: Version) -> None:
        self._until("the configuration to change", lambda: self._changed_to(version))

    def _changed_to(self, version: Version) -> bool:
        """Change the balancing; whether that could be done, so shortly after a broker was killed."""
        try:
            configure(self.kafka, {"balance": BALANCE | {"version": version}})
        except AWAY:
            return False
        return True

    def _look(self, what: str) -> None:
        """A tenth of a second of a director's life."""
        for due in [each for each in self._later if each[0] <= time.monotonic()]:
            self._later.remove(due)
            due[1]()
        self.cast.revive()
        came = self._samples.count(_LOOK_S)
        now = time.monotonic()
        if came or self.story.samples == 0:
            self._emitted_s = now
        self.story.longest_pause_s = max(self.story.longest_pause_s, now - self._emitted_s)
        self.story.samples += came
        self.story.halves = sum(map(acknowledged.count, self.cast.notes.values()))
        self.story.given_up = sum(program.given_up for program in self.cast.programs.values())
        self.story.own_ends = {name: p.own_ends for name, p in self.cast.programs.items() if p.own_ends}
        self._tell(self.story, what)
        for program, codes in self.story.own_ends.items():
            if len(codes) >= _TOO_OFTEN:
                raise Stuck(f"{program} ends again and again by itself: see its log")

    def _wait(self, seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._look(what)

    def _until(self, what: str, true: Callable[[], bool], moves: Callable[[], object] = lambda: None) -> None:
        """Wait. Raises Stuck where it has not come to that after a while in which nothing moved either."""
        state, deadline = moves(), time.monotonic() + _PATIENCE_S
        while not true():
            self._look(f"waiting for {what}")
            if (new := moves()) != state:
                state, deadline = new, time.monotonic() + _PATIENCE_S
            if time.monotonic() > deadline:
                raise Stuck(f"waited for {what}, and nothing moved for {_PATIENCE_S:g} s")

    def _lag(self) -> int | None:
        """How much of frames and controls the balancers have not settled yet; None while nobody can tell."""
        full = name(self.kafka, topics.FRAMES), name(self.kafka, topics.CONTROLS)
        try:
            _, groups = topic_report.describe(self.kafka)
        except AWAY:
            return None
        lags = [group.lag for group in groups if group.group == f"{PREFIX}.balancer"]
        return sum(lags[0].get(topic, 0) for topic in full) if lags else None


class _Samples:
    """Counts what comes to `balanced`, committed."""

    def __init__(self, kafka: Kafka) -> None:
        self._consumer = consumer(kafka, "chaos-samples", error_cb=lambda _error: None)
        self._consumer.assign([TopicPartition(name(kafka, topics.BALANCED), 0, 0)])

    def count(self, wait_s: float) -> int:
        """How many came since the last time; waits up to wait_s."""
        deadline, came = time.monotonic() + wait_s, 0
        while (left := deadline - time.monotonic()) > 0:
            came += sum(message.error() is None for message in self._consumer.consume(500, timeout=left))
        return came

    def close(self) -> None:
        self._consumer.close()
