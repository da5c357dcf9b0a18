"""The broker of a pipeline goes away under way and comes back: nobody dies, memory stays flat, everybody goes on.

OUTAGE_S=300 pytest tests/survival/test_outage.py -s
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from charles.events import Status, now
from charles.settings import Kafka
from infra.kafka.broker import LocalBroker
from infra.kafka.data_folder import MIN_FREE_BYTES
from infra.kafka.disk_watchdog import LEAST_FREE_BYTES
from tests.kafka_tools import kill
from tests.logged import logged, until
from tests.ports import free_port
from tests.programs import heard
from tests.survival import checks, pipeline
from tests.survival.disks import Disk, may_mount, small_disk
from tests.survival.pipeline import COLLECTORS, NAMES

OUTAGE_S = float(os.environ.get("OUTAGE_S", "45"))
"""Longer than a collector waits before it gives up a tick, 30 s."""
FLAT_MIB = 100.0
"""What a collector keeps unsent, at most 64 MiB, and some more."""
_MIB = 1 << 20

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800 + 2 * OUTAGE_S)]


class Stage:
    """One pipeline for the tests that follow each other here, and its broker, on a small disk where one can be had.

    absences: the trainer's batch before each one and when all had gone on for a while.
    """

    def __init__(self, folder: Path, disk: Disk | None) -> None:
        self.folder = folder
        self.disk = disk
        self.broker = LocalBroker((disk.folder if disk else folder) / "kafka", free_port())
        self.kafka = Kafka(bootstrap_servers=self.broker.bootstrap)
        self.absences: list[tuple[int, int]] = []
        self._programs = ExitStack()

    def start(self, ready: pipeline.True_ = pipeline.learning) -> pipeline.Pipeline:
        """Start all of it; returns once it is ready."""
        self.broker.start(detached=False)
        self.running = self._programs.enter_context(pipeline.running(self.kafka, self.folder))
        self.running.until(ready)
        return self.running

    def stop(self) -> None:
        """Tell every program to stop, which must do so cleanly."""
        self._programs.close()

    def goes_on(self, before: dict[str, Status]) -> dict[str, Status]:
        """See to it that all work again soon after the broker was started, and go on doing so; returns what they say
        then."""
        took = pipeline.go_on(self.running)
        self.running.watch(20)
        after = self.running.look()
        self.absences.append((before["trainer-1"].batch, after["trainer-1"].batch))
        report("s to go on", took)
        assert max(took.values()) < pipeline.BACK_S
        return after


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("outage")
    with ExitStack() as ends:
        disk = ends.enter_context(small_disk(folder / "disk", MIN_FREE_BYTES // _MIB + 100)) if may_mount() else None
        stage = Stage(folder, disk)
        ends.callback(stage.broker.stop)
        ends.callback(stage.stop)
        stage.start().watch(10)
        yield stage


def test_a_pipeline_outlives_an_absence_of_its_broker(stage: Stage) -> None:
    running = stage.running
    before, memory_before, told_before = running.look(), running.memory(), pipeline.said(running)
    kill(stage.broker)
    running.watch(OUTAGE_S)
    memory_away, told_away = running.memory(), pipeline.said(running)
    stage.broker.start(detached=False)
    after = stage.goes_on(before)
    memory_after = running.memory()
    report("MiB before", memory_before)
    report("MiB away", memory_away)
    report("MiB after", memory_after)
    report("lines while away", {name: told_away[name] - told_before[name] for name in NAMES})
    report("dropped", {name: after[name].figures["dropped"] for name in COLLECTORS})
    assert not [line for name in NAMES for line in running.lines(name) if line.startswith("%")]  # librdkafka's own
    for name in NAMES:
        assert memory_away[name] < memory_before[name] + FLAT_MIB, name
        assert memory_after[name] < memory_before[name] + FLAT_MIB, name
        assert told_away[name] - told_before[name] <= 2 + 3 * math.ceil(OUTAGE_S / 60), name
    for name in COLLECTORS:
        assert after[name].figures["dropped"] > before[name].figures["dropped"]


def test_it_outlives_a_full_disk_of_its_broker(stage: Stage) -> None:
    if stage.disk is None:
        pytest.skip("this user may not mount a disk in memory")
    running, broker = stage.running, stage.broker
    before, told = running.look(), pipeline.said(running)
    stage.disk.fill(leave=LEAST_FREE_BYTES + 4 * _MIB)  # the rest is the pipeline's to fill
    running.until(lambda _: not broker.started_here)
    # "was" where the death of the broker made room.
    assert re.match(rf"the disk of {re.escape(str(broker.data))} (is|was) full: ", broker.why_it_died())
    running.watch(10)
    stage.disk.make_room()
    broker.start(detached=False)
    stage.goes_on(before)
    report("lines", {each: count - told[each] for each, count in pipeline.said(running).items()})


def test_then_no_sample_is_lost_or_repeated_and_the_training_has_gone_on_from_where_it_was(stage: Stage) -> None:
    stage.stop()
    print(checks.assert_exactly_once(stage.kafka))
    checkpoint = checks.newest_checkpoint(stage.kafka)
    assert stage.absences
    for before, after in stage.absences:
        assert checkpoint.batch >= after > before
        checks.assert_learns_on(stage.kafka, before)


def test_who_is_told_to_stop_while_the_broker_is_away_does_so(stage: Stage) -> None:
    stage.stop()
    running = stage.start(lambda alive: alive.keys() >= {*NAMES})
    kill(stage.broker)
    running.watch(15)
    stage.stop()
    for name in NAMES:
        assert "Traceback" not in running.log(name).read_text()


def test_a_trainer_that_has_no_pictures_yet_waits_for_its_broker_too(own_broker: LocalBroker, tmp_path: Path) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False))
    log = tmp_path / "trainer.log"
    with logged("train", kafka, log) as trainer:
        heard(kafka, lambda status: status.note == "no pictures yet")
        kill(own_broker)
        until(lambda: "restarting from the last checkpoint" in log.read_text())
        own_broker.start(detached=False)
        back = now()
        heard(kafka, lambda status: status.note == "no pictures yet" and status.time > back)
        assert trainer.poll() is None
    assert "Traceback" not in log.read_text()


def report(what: str, figures: dict[str, float]) -> None:
    print(f"{what}: " + ", ".join(f"{name} {figure:.1f}" for name, figure in figures.items()))
