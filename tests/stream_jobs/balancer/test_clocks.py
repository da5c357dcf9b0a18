"""Clocks that are hours ahead or behind: no tick is lost to them, or it is counted."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from charles import topics
from charles.avro import codec
from charles.control.status_topic import all_heartbeats
from charles.events import Control, Frame, now
from charles.kafka.clients import name, producer
from charles.ledger.tick_ledger import oddities, read
from charles.settings import Kafka
from tests.programs import running
from tests.stream_jobs.balancer.feeding import CONFIG, LOCAL, RUN, ledgers_until, settled

HOURS = (2, -2)


@pytest.mark.parametrize("hours", HOURS)
def test_ticks_of_another_time_are_balanced_as_any_others(kafka: Kafka, hours: int) -> None:
    """The times in the events, and the stamps of their records, are a collector's own."""
    sender, off = producer(kafka), timedelta(hours=hours)
    for tick in range(300):
        frame = Frame("c", RUN, tick, now() + off, b"picture", 96, 84, 0, 0)
        control = Control("c", RUN, tick, frame.time, 0.0, 0.0, (tick % 21 - 10) / 10, 1.0, 0, 0, 0, 0, 0, 0)
        for topic, event in ((topics.FRAMES, frame), (topics.CONTROLS, control)):
            stamp = round((time.time() + off.total_seconds()) * 1000)
            sender.produce(name(kafka, topic), codec.encode(event), "c", 0, timestamp=stamp)
    assert sender.flush(30) == 0
    with running("balance", kafka, config=CONFIG, balancer=LOCAL):
        ledgers_until(kafka, settled("c", 299))
    (ledger,) = read(kafka)
    assert (ledger.seen, ledger.missing, ledger.unmatched, ledger.dead_lettered) == (300, 0, 0, 0)
    assert ledger.adds_up


SHIFTED = """
import datetime, os, time
import confluent_kafka

off, real = 3600.0 * float(os.environ["HOURS_OFF"]), time.time
time.time = lambda: real() + off

from charles import events

events.now = lambda: datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=off)

class Producer(confluent_kafka.Producer):
    def produce(self, *arguments, **named):
        super().produce(*arguments, **{"timestamp": round(1000 * time.time())} | named)

confluent_kafka.Producer = Producer
"""
"""What Python imports at its start: another wall clock, and records that are stamped by it. (libfaketime is no
way to do it: where it shifts the monotonic clock too, Python's locks wait for hours; where it does not, time.sleep()
fails.)"""


@contextmanager
def clock_off(hours: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever is started within has a clock that is so far off."""
    (folder / "sitecustomize.py").write_text(SHIFTED)
    with monkeypatch.context() as changed:
        changed.setenv("HOURS_OFF", str(hours))
        changed.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ["PYTHONPATH"]]))
        yield


@pytest.mark.slow
@pytest.mark.parametrize("of", ["collect", "balance"])
@pytest.mark.parametrize("hours", HOURS)
def test_a_program_whose_clock_is_hours_off_loses_no_tick(
    kafka: Kafka, of: str, hours: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = {"name": "c", "game": "slalom", "pace": "max"}

    @contextmanager
    def started(verb: str) -> Iterator[None]:
        own = {"collector": collector} if verb == "collect" else {"balancer": LOCAL}
        if verb == of:
            with clock_off(hours, tmp_path, monkeypatch), running(verb, kafka, config=CONFIG, **own):  # type: ignore[arg-type]
                yield
        else:
            with running(verb, kafka, config=CONFIG, **own):  # type: ignore[arg-type]
                yield

    with started("balance"), started("collect"):
        ledgers_until(kafka, lambda found: sum(ledger.seen for ledger in found.values()) > 300)
    collectors = [status for status in all_heartbeats(kafka) if status.program == "collector"]
    assert collectors, "its heartbeats were taken too"
    ledgers = read(kafka)
    assert oddities(ledgers, collectors) == []
    assert all(ledger.adds_up for ledger in ledgers)
    assert sum(ledger.missing for ledger in ledgers) == 0
