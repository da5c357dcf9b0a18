"""`charles ledger`, on a real broker."""

from __future__ import annotations

import json
from typing import Any

import pytest

from charles import topics
from charles.base import latency
from charles.events import RunLedger
from charles.kafka.publisher import Publisher
from charles.settings import Kafka
from tests.cli.commands import charles
from tests.top.pipeline import ledger, publish, status

TRAINED = {"read": 60, "expired": 0, "surplus": 0, "rejected": 0, "buffered": 50, "drawn": 10}


def publish_ledgers(kafka: Kafka, **second: Any) -> None:
    """Two runs; the second has these values beside."""
    counts: list[int] = []
    for seconds in [0.3] * 90 + [20.0] * 10:
        latency.add(counts, seconds)
    by = {f"steering {number}": 10 for number in range(29)} | {"too old": 10}
    first = ledger(seen=1000, surplus=300, emitted=100, in_bins=600, latencies=counts, surplus_by=by)
    other = ledger("collector-2", seen=50, surplus=50, **second)
    publish(kafka, topics.BALANCER_STATE, ledger(seen=5), key="ledger/collector-1/run")
    publish(kafka, topics.BALANCER_STATE, first, key="ledger/collector-1/run")
    publish(kafka, topics.BALANCER_STATE, other, key="ledger/collector-2/run")


def test_everything_is_told_as_json(kafka: Kafka) -> None:
    publish_ledgers(kafka, surplus_by={"steering 1": 50})
    publish(kafka, topics.STATUS, status("trainer", model="pilot", lag=40, figures=TRAINED))
    said = charles(kafka, "ledger", "--json")
    assert said.returncode == 0, said.stderr
    facts = json.loads(said.stdout)
    assert (facts["adds_up"], facts["seen"], facts["emitted"], facts["surplus"]) == (True, 1050, 100, 350)
    assert facts["surplus_by"]["steering 1"] == 60
    assert sum(facts["surplus_by"].values()) == facts["surplus"]
    assert 0.2 < facts["latency_s"]["p50"] < 0.4
    assert 15 < facts["latency_s"]["p99"] < 25
    assert [run["surplus_by"] for run in facts["runs"]][1] == {"steering 1": 50}
    assert facts["runs"][1]["latency_s"] == {"p50": None, "p95": None, "p99": None}
    (trainer,) = facts["trainers"]
    assert trainer["adds_up"]
    assert (trainer["emitted"], trainer["unread"], trainer["buffered"], trainer["ahead"]) == (100, 40, 50, 40)


def test_people_read_tables(kafka: Kafka) -> None:
    publish_ledgers(kafka, surplus_by={"steering 1": 50})
    publish(kafka, topics.STATUS, status("trainer", model="pilot", lag=40, figures=TRAINED))
    said = charles(kafka, "ledger")
    assert said.returncode == 0, said.stderr
    assert "The ledger adds up." in said.stdout
    assert "From capture to its set: p50 0.3" in said.stdout
    assert "20 others: --by-bin" in said.stdout
    assert "emitted = unread + expired + surplus" in said.stdout
    whole = charles(kafka, "ledger", "--by-bin").stdout
    assert "others" not in whole
    assert whole.count("steering ") == 29


@pytest.mark.parametrize("wrong", [{"emitted": 1}, {"surplus_by": {"steering 1": 49}}])
def test_a_ledger_that_does_not_add_up_is_an_error(kafka: Kafka, wrong: dict[str, Any]) -> None:
    publish_ledgers(kafka, **{"surplus_by": {"steering 1": 50}} | wrong)
    said = charles(kafka, "ledger")
    assert said.returncode == 1
    assert "The ledger does not add up." in said.stdout


def test_a_trainer_that_lost_a_sample_is_an_error(kafka: Kafka) -> None:
    publish_ledgers(kafka)
    publish(kafka, topics.STATUS, status("trainer", model="pilot", figures=TRAINED | {"drawn": 9}))
    said = charles(kafka, "ledger")
    assert said.returncode == 1
    assert "The ledger adds up." in said.stdout
    assert "NO" in said.stdout


def test_a_run_in_two_partitions_is_two_ledgers_and_neither_hides_the_other(kafka: Kafka) -> None:
    publisher = Publisher(kafka, RunLedger)
    for partition, each in enumerate((ledger(seen=100), ledger(seen=200, surplus=100, missing=100))):
        publisher.send(topics.BALANCER_STATE, each, "ledger/collector-1/run", partition=partition)
    assert publisher.flush() == 0
    facts = json.loads(charles(kafka, "ledger", "--json").stdout)
    assert [run["seen"] for run in facts["runs"]] == [100, 200]
    assert (facts["surplus"], facts["missing"], facts["adds_up"]) == (200, 100, True)
    said = charles(kafka, "ledger").stdout
    assert "collector-1, run run is in 2 partitions; each partition is missing the ticks of the others." in said
