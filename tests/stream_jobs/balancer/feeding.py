"""Ticks for a real balancer, as collectors send them, and what it makes of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from confluent_kafka import Message

from charles import topics
from charles.events import Control, Frame, Moment, RunLedger, Sample, now
from charles.kafka.clients import consumer, name
from charles.kafka.publisher import Publisher
from charles.kafka.schemas import SchemaStore
from charles.ledger.tick_ledger import read, total
from charles.pacing import HZ
from charles.settings import Kafka
from tests.kafka_tools import events, read_all
from tests.patience import PATIENCE_S

RUN = "20260101T000000-test"
CONFIG = {"balance": {"history": 10, "silence_seconds": 1.0}}
LOCAL = {"commit_seconds": 0.05}

Ledgers = dict[tuple[str, str], RunLedger]
Pedals = tuple[float, float, float]
"""Acceleration and braking in [0, 1], steering in [-1, 1]."""
_BEGAN = now()


def picture(collector: str, tick: int) -> bytes:
    return f"{collector} {tick} ".encode() * 50


def anywhere(rng: random.Random) -> Pedals:
    """Labels evenly over all bins."""
    pedals, steering = (0.0 if rng.random() < 0.05 else rng.uniform(-1, 1) for _ in range(2))
    return max(pedals, 0.0), max(-pedals, 0.0), steering


class Feed:
    """Publishes ticks as a collector does; the speed says the tick, so that a leak into the history shows. sent: the
    controls, by moment."""

    def __init__(self, kafka: Kafka) -> None:
        self.sent: dict[Moment, Control] = {}
        self._publisher = Publisher(kafka, Frame, Control)
        self._rng = random.Random(7)

    def send(
        self,
        collector: str,
        ticks: range,
        *,
        frames: bool = True,
        controls: bool = True,
        run: str = RUN,
        drive: Callable[[random.Random], Pedals] = anywhere,
        at: Callable[[int], datetime] = lambda tick: _BEGAN + timedelta(seconds=tick / HZ),
        partition: int = -1,
        mark: int = 0,
    ) -> None:
        """drive: what the driver does; at: when a tick was taken; partition: -1: the collector's; mark: what speed and
        picture say is the tick and this."""
        for tick in ticks:
            marks = {"collector": collector, "run": run, "tick": str(tick)}
            frame = Frame(collector, run, tick, at(tick), picture(collector, tick + mark), 96, 84, 0, 0)
            driven = drive(self._rng)
            control = Control(collector, run, tick, at(tick), *driven, float(tick + mark), 0, 0, 0, 0, 0, 0)
            self.sent[control.moment] = control
            if frames:
                self._publisher.send(topics.FRAMES, frame, collector, marks, partition=partition)
            if controls:
                self._publisher.send(topics.CONTROLS, control, collector, marks, partition=partition)
        assert self._publisher.flush() == 0

    def send_raw(self, topic: topics.Topic, collector: str, tick: int, value: bytes) -> None:
        marks = {"collector": collector, "run": RUN, "tick": str(tick)}
        self._publisher.send_bytes(topic, collector, value, headers=marks)
        assert self._publisher.flush() == 0


def ledgers_until(kafka: Kafka, done: Callable[[Ledgers], bool]) -> list[RunLedger]:
    """Follow the ledger as it is committed, until it says what the test waits for."""
    found: Ledgers = {}
    for message in tail(kafka, topics.BALANCER_STATE):
        if (message.key() or b"").startswith(b"ledger/"):  # type: ignore[arg-type]
            ledger = SchemaStore(kafka).decode(RunLedger, message.value())
            assert ledger.adds_up, ledger
            found[ledger.collector, ledger.run] = ledger
            if done(found):
                return list(found.values())
    raise AssertionError("unreachable")


def tail(kafka: Kafka, topic: topics.Topic, patience_s: float = PATIENCE_S) -> Iterator[Message]:
    """Messages as they come; fails after so long a silence."""
    reader = consumer(kafka, "test-tail")
    reader.subscribe([name(kafka, topic)])
    try:
        while (message := reader.poll(patience_s)) is not None:
            assert message.error() is None
            yield message
        pytest.fail(f"nothing came on {topic.name} for {patience_s:g} s")
    finally:
        reader.close()


def settled(collector: str, last: int) -> Callable[[Ledgers], bool]:
    return lambda found: (collector, RUN) in found and found[collector, RUN].settled >= last


def check_ledger_against_topics(kafka: Kafka, sent: int) -> None:
    """The ledger's terms are what the topics hold, not only a sum that adds up."""
    totals = total(read(kafka))
    assert totals.adds_up
    assert totals.seen == sent
    assert totals.terms["emitted"] == len(events(kafka, topics.BALANCED, Sample))
    state: dict[bytes, bool] = {}
    for message in read_all(kafka, topics.BALANCER_STATE):
        state[message.key()] = message.value() is not None  # type: ignore[index]
    waiting = sum(alive for key, alive in state.items() if key.startswith(b"waiting/"))
    assert totals.terms["waiting"] == waiting
