"""Every expression, and every fault that can be made here, on a real pipeline with a real Prometheus."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from charles import topics
from charles.events import RunLedger
from charles.kafka.publisher import Publisher
from charles.ledger import tick_ledger
from charles.ledger.tick_ledger import ledger_key
from tests.infra.expressions import Expression, alerts, of_panels, of_rules, of_variables
from tests.infra.prometheus.every_page import check_pages
from tests.infra.prometheus.live import Watched, hurried, watched
from tests.kafka_tools import read_all
from tests.patience import PATIENCE_S
from tests.programs import give, heard
from tests.survival.disks import small_disk

pytestmark = [pytest.mark.slow]

HURRY = 30
"""So many times sooner than they say the alerts fire here."""
MAY_BE_EMPTY: dict[str, str] = {
    "Charles / Driving: Skipped checkpoints ({{reason}})": "no checkpoint is damaged in a pipeline that works",
}
"""Panels that show nothing when all is well, and why; beside the alerts, which fire only at faults."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A pipeline that learns, with a Prometheus that looks at it where there is one."""
    with watched(tmp_path_factory.mktemp("watched"), hurried(HURRY)) as programs:
        programs.until(programs.drives)
        yield programs


@pytest.fixture
def pipeline(programs: Watched) -> Watched:
    """The same, where there is a Prometheus."""
    if shutil.which("prometheus") is None:
        pytest.skip("there is no prometheus here; Debian's package of that name has it")
    return programs


def test_every_metric_has_a_value_and_nothing_else_is_on_the_pages(programs: Watched) -> None:
    """The first one: later programs are killed, and some of what they count begins anew."""
    check_pages(programs)


def plant_a_broken_record(pipeline: Watched) -> None:
    publisher = Publisher(pipeline.kafka)
    publisher.send_bytes(topics.FRAMES, "collector-1", b"no frame at all")
    assert publisher.flush() == 0


def asked(expression: Expression) -> str:
    """An expression as Grafana sends it: with its variables' values, which are all that there are."""
    text = re.sub(r"^label_values\((.*), \w+\)$", r"\1", expression.text)
    return (
        text.replace("$__rate_interval", "30s")
        .replace("$collector", ".*")
        .replace("$model", ".*")
        .replace("$topic", ".*")
    )


def test_every_expression_returns_data_and_every_series_has_a_name_of_its_own(pipeline: Watched) -> None:
    plant_a_broken_record(pipeline)
    give(pipeline.kafka, "player", "unstuck")
    waiting = {one.where: one for one in (*of_panels(), *of_variables()) if one.where not in MAY_BE_EMPTY}
    waiting |= {rule.where: rule for rule in of_rules() if rule.where not in {alert["alert"] for alert in alerts()}}
    deadline = time.monotonic() + PATIENCE_S
    while waiting and time.monotonic() < deadline:
        for where, expression in [*waiting.items()]:
            found = pipeline.prometheus.query(asked(expression))
            if found:
                del waiting[where]
                called = [expression.name(labels) for labels, _ in found]
                assert not expression.legend or len({*called}) == len(called), f"{where}: {called}"
        time.sleep(2)
    assert [*waiting] == [], "no data"


@pytest.mark.parametrize("expression", of_rules(), ids=lambda rule: rule.where)
def test_prometheus_understands_every_rule_and_what_it_compares_is_there(
    pipeline: Watched, expression: Expression
) -> None:
    pipeline.prometheus.query(expression.text)
    for metric in expression.metrics:
        assert pipeline.prometheus.query(f'{{__name__=~"{metric}(_bucket)?"}}'), f"nobody tells {metric}"


def break_the_ledger(pipeline: Watched, error: int) -> None:
    """Rewrite the newest run's ledger while no balancer runs, as if so many more ticks had been emitted."""
    pipeline.stop("balancer-1")
    newest = max(tick_ledger.read(pipeline.kafka), key=lambda one: one.run)
    key = ledger_key((newest.collector, newest.run))
    [partition] = {
        message.partition()
        for message in read_all(pipeline.kafka, topics.BALANCER_STATE)
        if message.key() == key.encode()
    }
    publisher = Publisher(pipeline.kafka, RunLedger)
    changed = replace(newest, emitted=newest.emitted + error)
    publisher.send(topics.BALANCER_STATE, changed, key, partition=partition)
    assert publisher.flush() == 0
    pipeline.start("balancer-1")


def fires(pipeline: Watched, *wanted: str) -> None:
    took = pipeline.until(lambda: pipeline.prometheus.firing() >= {*wanted})
    print(f"{took:5.1f} s until {', '.join(wanted)}")


def resolved(pipeline: Watched) -> None:
    took = pipeline.until(lambda: not pipeline.prometheus.firing())
    print(f"{took:5.1f} s until nothing fires")


def test_a_broken_record_fires_and_is_forgotten(pipeline: Watched) -> None:
    resolved(pipeline)
    plant_a_broken_record(pipeline)
    fires(pipeline, "DeadLetters")
    resolved(pipeline)


def test_a_killed_collector_fires_also_by_what_it_starves_and_resolves_once_it_is_back(pipeline: Watched) -> None:
    resolved(pipeline)
    pipeline.kill("collector-1")
    fires(pipeline, "CollectorSilent", "ProgramDown")
    fires(pipeline, "TrainerStarved", "CheckpointOld")
    pipeline.start("collector-1")
    resolved(pipeline)


def test_a_stopped_player_fires_and_resolves_once_it_is_back(pipeline: Watched) -> None:
    resolved(pipeline)
    pipeline.stop("player-1")
    fires(pipeline, "PlayerSlow", "ProgramDown")
    pipeline.start("player-1")
    resolved(pipeline)


def test_an_identity_that_is_broken_by_hand_fires_and_resolves_once_it_is_mended(pipeline: Watched) -> None:
    resolved(pipeline)
    break_the_ledger(pipeline, 1)
    fires(pipeline, "LedgerBroken")
    break_the_ledger(pipeline, -1)
    resolved(pipeline)


def test_a_balancer_that_pauses_too_long_fires_and_resolves_once_it_goes_on(pipeline: Watched) -> None:
    resolved(pipeline)
    heard(pipeline.kafka, lambda status: status.program == "balancer" and status.state == "running", from_now=True)
    give(pipeline.kafka, "balancer", "pause", seconds=60)
    fires(pipeline, "LagGrowing")
    give(pipeline.kafka, "balancer", "resume", seconds=60)
    resolved(pipeline)


def test_a_disk_that_fills_fires_and_resolves_once_there_is_room(pipeline: Watched, tmp_path: Path) -> None:
    resolved(pipeline)
    with small_disk(tmp_path / "disk", 8) as disk:
        pipeline.stop("collector-1")
        pipeline.start("collector-1", disk.folder)
        resolved(pipeline)
        disk.fill(leave=1 << 18)
        fires(pipeline, "DiskNearlyFull")
        disk.make_room()
        resolved(pipeline)
        pipeline.stop("collector-1")
    pipeline.start("collector-1")
    resolved(pipeline)
