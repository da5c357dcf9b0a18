"""kill -9 of everything in turn, in a running demo: each program, the broker, and at last the supervisor itself."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import psutil
import pytest

from charles import topics
from charles.events import Sample, Status, TrainingStep
from charles.ledger import tick_ledger
from charles.settings import Kafka
from infra.kafka.broker import LocalBroker
from tests.demos import Demo, StartDemo, learning
from tests.kafka_tools import events
from tests.ports import free_port

PROGRAMS = ("collector-1", "balancer-1", "trainer-1", "player-1")
AT_WORK = ("running", "waiting")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9 there")
def test_what_is_killed_comes_back_and_nothing_is_lost(start_demo: StartDemo) -> None:
    demo = start_demo("--game", "slalom", "--minutes", "60")
    demo.until(learning)
    for victim in PROGRAMS:
        kill_and_wait(demo, victim)
    kill_broker_and_wait(demo)
    learned = demo.until(learning)["trainer-1"].batch
    demo.until(lambda alive: "trainer-1" in alive and alive["trainer-1"].batch > learned + 20)

    demo.process.kill()
    assert demo.survivors() == []
    what_is_in_the_log(demo.folder)


def kill_and_wait(demo: Demo, victim: str) -> None:
    """Kill one program; the others go on, it comes back, and the training is further than it was."""
    before = demo.until(lambda alive: set(PROGRAMS) <= alive.keys())
    psutil.Process(before[victim].pid).kill()
    killed_s = time.monotonic()
    demo.until(lambda alive: back(alive, victim, before))
    print(f"{victim} was back after {time.monotonic() - killed_s:.1f} s")
    after = demo.until(
        lambda alive: set(PROGRAMS) <= alive.keys() and alive["trainer-1"].batch > before["trainer-1"].batch
    )
    assert all(after[other].pid == before[other].pid for other in PROGRAMS if other != victim)


def back(alive: dict[str, Status], victim: str, before: dict[str, Status]) -> bool:
    return victim in alive and alive[victim].pid != before[victim].pid and alive[victim].state in AT_WORK


def kill_broker_and_wait(demo: Demo) -> None:
    """Kill the broker; no program ends, and all go on once it is back."""
    before = demo.until(lambda alive: set(PROGRAMS) <= alive.keys())
    broker = LocalBroker(demo.folder / "kafka").status().pid
    psutil.Process(broker).kill()
    killed_s = time.monotonic()
    demo.until(lambda alive: set(PROGRAMS).isdisjoint(alive))
    after = demo.until(
        lambda alive: set(PROGRAMS) <= alive.keys() and alive["trainer-1"].batch > before["trainer-1"].batch
    )
    print(f"all were at work again {time.monotonic() - killed_s:.1f} s after the broker was killed")
    assert {name: after[name].pid for name in PROGRAMS} == {name: before[name].pid for name in PROGRAMS}


def what_is_in_the_log(folder: Path) -> None:
    """Every tick is accounted for, no sample was emitted twice, and the loss went on falling from where it was."""
    broker = LocalBroker(folder / "kafka", free_port())
    kafka = Kafka(bootstrap_servers=broker.start(detached=False))
    try:
        ledgers = tick_ledger.read(kafka)
        assert ledgers
        assert all(run.adds_up for run in ledgers)
        samples = events(kafka, topics.BALANCED, Sample)
        assert max(Counter(sample.moment for sample in samples).values()) == 1
        assert tick_ledger.total(ledgers).terms["emitted"] == len(samples)
        steps = events(kafka, topics.TRAINING, TrainingStep)
    finally:
        broker.stop()
    starts = [index for index, step in enumerate(steps) if index and step.batch <= steps[index - 1].batch]
    first = np.mean([step.loss for step in steps[:20]])
    for start in starts:  # what was learned after the last checkpoint is learned again, and no more than that
        assert steps[start].batch > 1
        assert np.mean([step.loss for step in steps[start : start + 20]]) < first
    assert np.mean([step.loss for step in steps[-20:]]) < first
