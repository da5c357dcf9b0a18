"""Every expression, and every fault that can be made here, on a real pipeline with a real Prometheus."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from charles import ledger, topics
from charles.events import RunLedger
from charles.kafka import Publisher
from stream_jobs.balancer.state import ledger_key
from tests.infra.expressions import Expression, alerts, of_panels, of_rules, of_variables
from tests.infra.prometheus.live import PATIENCE_S, Watched, hurried, watched
from tests.kafka_tools import read_all
from tests.programs import give

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        shutil.which("prometheus") is None, reason="there is no prometheus here; Debian's package of that name has it"
    ),
]

HURRY = 6
"""So many times sooner than they say the alerts fire here."""
MAY_BE_EMPTY: dict[str, str] = {
    "Charles / Driving: Checkpoints passed over ({{reason}})": "no checkpoint is damaged in a pipeline that works",
}
"""Panels that show nothing when all is well, and why; beside the alerts, which fire only at faults."""


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(tmp_path_factory.mktemp("watched"), hurried(HURRY)) as pipeline:
        pipeline.until(pipeline.drives)
        yield pipeline


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
    newest = max(ledger.read(pipeline.kafka), key=lambda one: one.run)
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


def test_each_fault_fires_its_alerts_and_its_end_resolves_them(pipeline: Watched) -> None:
    def fires(*wanted: str) -> None:
        took = pipeline.until(lambda: pipeline.prometheus.firing() >= {*wanted})
        print(f"{took:5.1f} s until {', '.join(wanted)}")

    def resolved() -> None:
        took = pipeline.until(lambda: not pipeline.prometheus.firing())
        print(f"{took:5.1f} s until nothing fires")

    resolved()

    print("a broken record")
    plant_a_broken_record(pipeline)
    fires("DeadLetters")
    resolved()

    print("a collector is killed")
    pipeline.kill("collector-1")
    fires("CollectorSilent", "ProgramDown")
    pipeline.start("collector-1")
    resolved()

    print("the player is stopped")
    pipeline.stop("player-1")
    fires("PlayerSlow", "ProgramDown")
    pipeline.start("player-1")
    resolved()

    print("the identity is broken by hand")
    break_the_ledger(pipeline, 1)
    fires("LedgerBroken")
    break_the_ledger(pipeline, -1)
    resolved()

    print("the balancer is told to pause")
    give(pipeline.kafka, "balancer", "pause")
    fires("LagGrowing")
    give(pipeline.kafka, "balancer", "resume")
    resolved()
