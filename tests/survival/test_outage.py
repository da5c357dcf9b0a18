"""The broker goes away under way and comes back: nobody dies, memory stays flat, everybody goes on.

OUTAGE_S=300 pytest tests/survival/test_outage.py -s
"""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest

from charles.events import Status, now
from charles.settings import Kafka
from infra.kafka.broker import LocalBroker
from tests.kafka_tools import kill
from tests.logged import logged, until
from tests.programs import heard
from tests.survival import pipeline
from tests.survival.pipeline import COLLECTORS, NAMES, Pipeline

OUTAGE_S = float(os.environ.get("OUTAGE_S", "45"))
"""Longer than a collector waits before it gives up a tick, 30 s."""
BACK_S = 10.0
BUSY_S = 10.0
"""More is granted than is promised: the tests' machines have other work beside it."""
FLAT_MIB = 100.0
"""What a collector keeps unsent, at most 64 MiB, and some more."""
FEW = 25


@pytest.mark.slow
@pytest.mark.timeout(600 + 2 * OUTAGE_S)
@pytest.mark.parametrize("end", [LocalBroker.stop, kill], ids=["stopped", "killed"])
def test_a_pipeline_outlives_an_absence_of_its_broker(
    own_broker: LocalBroker, tmp_path: Path, end: Callable[[LocalBroker], object]
) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False))
    with pipeline.running(kafka, tmp_path) as running:
        running.until(pipeline.learning)
        running.watch(10)
        before, memory_before, told_before = running.look(), running.memory(), said(running)
        end(own_broker)
        running.watch(OUTAGE_S)
        memory_away, told_away = running.memory(), said(running)
        own_broker.start(detached=False)
        took = go_on(running, before)
        running.watch(20)
        after, memory_after = running.look(), running.memory()
        report("MiB before", memory_before)
        report("MiB away", memory_away)
        report("MiB after", memory_after)
        report("s to go on", took)
        report("lines while away", {name: told_away[name] - told_before[name] for name in NAMES})
        report("dropped", {name: after[name].figures["dropped"] for name in COLLECTORS})
        assert not [line for name in NAMES for line in running.lines(name) if line.startswith("%")]  # librdkafka's own

    totals = pipeline.assert_exactly_once(kafka)
    print(totals)
    checkpoint = pipeline.newest_checkpoint(kafka)
    assert max(took.values()) < BACK_S + BUSY_S
    for name in NAMES:
        assert memory_away[name] < memory_before[name] + FLAT_MIB, name
        assert memory_after[name] < memory_before[name] + FLAT_MIB, name
        assert told_away[name] - told_before[name] <= 2 + 3 * math.ceil(OUTAGE_S / 60), name
    for name in COLLECTORS:
        assert after[name].figures["dropped"] > before[name].figures["dropped"]
    assert checkpoint.batch >= after["trainer-1"].batch > before["trainer-1"].batch
    assert_learns_on(kafka, before["trainer-1"].batch)


def go_on(running: Pipeline, before: dict[str, Status]) -> dict[str, float]:
    """Seconds, for each program, from now to its first heartbeat that shows new work done."""
    back, took = now(), {}
    last = {name: running.heard[name][-1] for name in NAMES}

    def works(status: Status) -> bool:
        if status.instance in COLLECTORS:
            return status.state == "running" and status.figures["queued"] < 30
        if status.program == "balancer":
            return status.figures["emitted"] > 0 and status.rate > 0
        if status.program == "trainer":
            return status.batch > last["trainer-1"].batch
        return status.state == "running"

    def all_work(_alive: dict[str, Status]) -> bool:
        for name in NAMES:
            for status in running.heard[name]:
                if name not in took and status.time > back and works(status):
                    took[name] = (status.time - back).total_seconds()
        return took.keys() == set(NAMES)

    running.until(all_work)
    return took


def assert_learns_on(kafka: Kafka, batch: int) -> None:
    """No batch is told twice, and the loss goes on from where it was: it does not begin anew."""
    told = pipeline.losses(kafka)
    batches = [batch for batch, _ in told]
    assert batches == sorted(set(batches))
    first = statistics.fmean(loss for _, loss in told[:5])
    just_before = statistics.fmean([loss for number, loss in told if number <= batch][-FEW:])
    just_after = statistics.fmean([loss for number, loss in told if number > batch][:FEW])
    print(f"loss: first {first:.4f}, before {just_before:.4f}, after {just_after:.4f}")
    assert just_after < (first + just_before) / 2


def said(running: Pipeline) -> dict[str, int]:
    return {name: len(running.lines(name)) for name in NAMES}


def report(what: str, figures: dict[str, float]) -> None:
    print(f"{what}: " + ", ".join(f"{name} {figure:.1f}" for name, figure in figures.items()))


@pytest.mark.slow
def test_a_trainer_that_has_no_pictures_yet_waits_for_its_broker_too(own_broker: LocalBroker, tmp_path: Path) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False))
    log = tmp_path / "trainer.log"
    with logged("train", kafka, log) as trainer:
        heard(kafka, lambda status: status.note == "no pictures yet")
        kill(own_broker)
        until(lambda: "starting over" in log.read_text())
        own_broker.start(detached=False)
        back = now()
        heard(kafka, lambda status: status.note == "no pictures yet" and status.time > back)
        assert trainer.poll() is None
    assert "Traceback" not in log.read_text()
