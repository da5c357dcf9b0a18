"""The broker goes away under way and comes back: nobody dies, memory stays flat, everybody goes on.

OUTAGE_S=300 pytest tests/survival/test_outage.py -s
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from charles.events import now
from charles.settings import Kafka
from infra.kafka.broker import LocalBroker
from tests.kafka_tools import kill
from tests.logged import logged, until
from tests.programs import heard
from tests.survival import checks, pipeline
from tests.survival.pipeline import COLLECTORS, NAMES

OUTAGE_S = float(os.environ.get("OUTAGE_S", "45"))
"""Longer than a collector waits before it gives up a tick, 30 s."""
FLAT_MIB = 100.0
"""What a collector keeps unsent, at most 64 MiB, and some more."""


@pytest.mark.slow
@pytest.mark.timeout(900 + 2 * OUTAGE_S)
def test_a_pipeline_outlives_an_absence_of_its_broker(own_broker: LocalBroker, tmp_path: Path) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False))
    with pipeline.running(kafka, tmp_path) as running:
        running.until(pipeline.learning)
        running.watch(10)
        before, memory_before, told_before = running.look(), running.memory(), pipeline.said(running)
        kill(own_broker)
        running.watch(OUTAGE_S)
        memory_away, told_away = running.memory(), pipeline.said(running)
        own_broker.start(detached=False)
        took = pipeline.go_on(running)
        running.watch(20)
        after, memory_after = running.look(), running.memory()
        report("MiB before", memory_before)
        report("MiB away", memory_away)
        report("MiB after", memory_after)
        report("s to go on", took)
        report("lines while away", {name: told_away[name] - told_before[name] for name in NAMES})
        report("dropped", {name: after[name].figures["dropped"] for name in COLLECTORS})
        assert not [line for name in NAMES for line in running.lines(name) if line.startswith("%")]  # librdkafka's own

    totals = checks.assert_exactly_once(kafka)
    print(totals)
    checkpoint = checks.newest_checkpoint(kafka)
    assert max(took.values()) < pipeline.BACK_S
    for name in NAMES:
        assert memory_away[name] < memory_before[name] + FLAT_MIB, name
        assert memory_after[name] < memory_before[name] + FLAT_MIB, name
        assert told_away[name] - told_before[name] <= 2 + 3 * math.ceil(OUTAGE_S / 60), name
    for name in COLLECTORS:
        assert after[name].figures["dropped"] > before[name].figures["dropped"]
    assert checkpoint.batch >= after["trainer-1"].batch > before["trainer-1"].batch
    checks.assert_learns_on(kafka, before["trainer-1"].batch)


def report(what: str, figures: dict[str, float]) -> None:
    print(f"{what}: " + ", ".join(f"{name} {figure:.1f}" for name, figure in figures.items()))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_who_is_told_to_stop_while_the_broker_is_away_does_so(own_broker: LocalBroker, tmp_path: Path) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False))
    with pipeline.running(kafka, tmp_path) as running:
        running.until(pipeline.learning)
        kill(own_broker)
        running.watch(15)
    for name in NAMES:
        assert "Traceback" not in running.log(name).read_text()


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
