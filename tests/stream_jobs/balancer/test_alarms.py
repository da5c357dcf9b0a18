"""What a running balancer tells of what is wrong: a ledger, partitions, bins that never fill; and its metrics."""

from __future__ import annotations

import logging
import random
import re
import shlex
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from confluent_kafka.admin import NewPartitions
from prometheus_client.parser import text_string_to_metric_families

from charles import topics
from charles.control.link import Link
from charles.events import Sample
from charles.kafka import topic_admin
from charles.kafka.clients import admin, name
from charles.ledger.tick_ledger import read, total
from charles.settings import Kafka, load
from stream_jobs.balancer.session import BalancerSession
from tests.cli.commands import charles
from tests.kafka_tools import events
from tests.logged import logged, until
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.programs import StopWhen, configure, heard, running
from tests.stream_jobs.balancer.feeding import CONFIG, LOCAL, RUN, Feed, Pedals, ledgers_until, settled


@contextmanager
def session(kafka: Kafka) -> Iterator[BalancerSession]:
    """The balancer in a thread of the test, which can reach into it."""
    settings, stop = load(kafka=kafka.model_dump(), balancer=LOCAL), StopWhen()
    with (
        Link(settings, "balancer", "balancer-1", stop) as link,
        closing(BalancerSession(link.begin(), link)) as running,
    ):  # type: ignore[arg-type]
        thread = threading.Thread(target=running.run)
        thread.start()
        try:
            yield running
        finally:
            stop.set()
            thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_a_ledger_that_stops_adding_up_is_told_at_once_and_once(
    kafka: Kafka, feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    configure(kafka, CONFIG)
    with caplog.at_level(logging.INFO), session(kafka) as balancer:
        feed.send("one", range(100))
        ledgers_until(kafka, settled("one", 99))
        heard(kafka, lambda status: status.figures.get("broken_ledgers") == 0)
        (run,) = (p.runs["one", RUN] for p in balancer._engine.partitions.values() if p.runs)
        run.counts.emitted += 1
        feed.send("one", range(100, 110))
        told = heard(kafka, lambda status: status.figures.get("broken_ledgers") == 1)
        feed.send("one", range(110, 120))
        until(lambda: read(kafka)[0].settled == 119)
        assert not read(kafka)[0].adds_up
        assert "1 ledger does not add up" in told.note
        run.counts.emitted -= 1
        feed.send("one", range(120, 130))
        heard(kafka, lambda status: status.figures.get("broken_ledgers") == 0, from_now=True)
    alarms = [record for record in caplog.records if record.levelno == logging.ERROR]
    (alarm,) = (record.getMessage() for record in alarms)
    assert re.search(r"THE LEDGER DOES NOT ADD UP: one, run .*: \d+ seen, but \d+ = 10 warm-up \+ ", alarm)
    assert "adds up again" in caplog.text
    assert read(kafka)[0].adds_up


@pytest.mark.slow
def test_partitions_added_to_one_topic_hold_it_up_until_the_others_have_them(
    kafka: Kafka, feed: Feed, tmp_path: Path
) -> None:
    def add_partitions(topic: topics.Topic, count: int) -> None:
        topic_admin.resolve(client.create_partitions([NewPartitions(name(kafka, topic), count)]))

    client = admin(kafka)
    configure(kafka, CONFIG)
    log = tmp_path / "log"
    with logged("balance", kafka, log, balancer=LOCAL), logged("balance", kafka, log, balancer={"name": "second"}):
        feed.send("one", range(100), partition=2)
        ledgers_until(kafka, settled("one", 99))
        add_partitions(topics.FRAMES, 8)
        waits = heard(kafka, lambda status: status.state == "waiting" and "charles topics --apply" in status.note)
        assert "frames has 8 partitions and" in waits.note
        add_partitions(topics.CONTROLS, 8)
        heard(kafka, lambda status: "balancer-state has 6 partitions and" in status.note)
        topic_admin.apply(kafka)
        feed.send("one", range(100, 200), partition=2)
        Feed(kafka).send("two", range(200), partition=7)  # a producer that knows of them
        ledgers_until(kafka, lambda found: settled("one", 199)(found) and settled("two", 199)(found))
    lines = [line for line in log.read_text().splitlines() if " error " in line]
    assert lines
    assert all("balancing is stopped until this is fixed" in line for line in lines)
    assert len(lines) <= 4, "once each of the two, and once again when something else was wrong"
    totals = total(read(kafka))
    assert totals.adds_up
    assert (totals.seen, totals.terms["missing"], totals.terms["unmatched"]) == (400, 0, 0)


@pytest.mark.slow
def test_partitions_added_just_before_it_starts_over_are_taken_up(kafka: Kafka, feed: Feed, tmp_path: Path) -> None:
    """A member that comes back at once is given what it had before, and sees no partitions come: they were there."""
    client, log = admin(kafka), tmp_path / "log"
    configure(kafka, CONFIG)
    with logged("balance", kafka, log, balancer=LOCAL):
        feed.send("one", range(100), partition=2)
        ledgers_until(kafka, settled("one", 99))
        joined = (topics.FRAMES, topics.CONTROLS, topics.BALANCER_STATE)
        topic_admin.resolve(client.create_partitions([NewPartitions(name(kafka, topic), 8) for topic in joined]))
        configure(kafka, {"balance": {"bins": 5}})
        Feed(kafka).send("two", range(200), partition=7)
        ledgers_until(kafka, settled("two", 199))
    assert total(read(kafka)).adds_up


def one_pedal(rng: random.Random) -> Pedals:
    """As games drive: never both pedals; every bin of v1 now and then."""
    pedal = rng.choice([0.0, 0.1, 0.5, 0.9, 1.0])
    steering = rng.choice([-1.0, -0.8, -0.4, -0.1, 0.0, 0.1, 0.4, 0.8, 1.0])
    return (pedal, 0.0, steering) if rng.random() < 0.5 else (0.0, pedal, steering)


@pytest.mark.slow
def test_combinations_that_never_come_are_told_within_a_minute_and_leaving_them_out_makes_sets(
    kafka: Kafka, feed: Feed, tmp_path: Path
) -> None:
    outputs = ["acceleration", "braking", "steering"]
    configure(kafka, {"outputs": outputs, "balance": {"version": "v1", "history": 1, "silence_seconds": 1.0}})
    log = tmp_path / "log"
    with logged("balance", kafka, log, balancer=LOCAL):
        feed.send("one", range(1500), drive=one_pedal)
        told = heard(kafka, lambda status: "ticks fell into 144 of its 225 bins" in status.note, patience_s=70)
        assert "acceleration=1-4 braking=1-4" in told.note
        assert told.starving[0].startswith("acceleration (0, 0.2) braking (0, 0.2) steering ")
        assert told.figures["sets_joint"] == 0
        (command,) = re.findall(r"left out: charles (config set '[^']*')", log.read_text())
        assert charles(kafka, *shlex.split(command)).returncode == 0
        heard(kafka, lambda status: status.figures.get("sets_joint", 0) > 0)
    samples = events(kafka, topics.BALANCED, Sample)
    assert {sample.set_output for sample in samples} == {"joint"}
    assert len({sample.set_bin for sample in samples}) == 81
    assert len(samples) % 81 == 0
    assert total(read(kafka)).adds_up


def test_prometheus_can_read_its_metrics(kafka: Kafka, feed: Feed) -> None:
    port = free_port()
    feed.send("one", range(1500))
    with running("balance", kafka, config=CONFIG, balancer=LOCAL, metrics={"port": port}):
        ledgers_until(kafka, settled("one", 1499))
        heard(kafka, lambda status: status.figures.get("sets", 0) > 0 and status.lag == 0, from_now=True)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    (ledger,) = read(kafka)
    for term in ("seen", "waiting", "emitted", "surplus", "warm_up", "missing"):
        assert found["charles_balancer_ledger_ticks", term] == getattr(ledger, term)
    steering = {key[1]: value for key, value in found.items() if key[0] == "charles_balancer_waiting_ticks"}
    assert "(0.9, 1]" in steering
    assert found["charles_balancer_broken_ledgers",] == 0
    sets = sum(value for key, value in found.items() if key[0] == "charles_balancer_sets_total")
    assert 21 * sets == ledger.emitted > 0
    assert found["charles_balancer_latency_seconds_count",] == ledger.emitted
    assert found["charles_balancer_commit_seconds_count",] > 0
    arrived = sum(
        v for key, v in found.items() if key[0] == "charles_balancer_arrived_ticks_total" and "steering" in key
    )
    assert arrived == 1490
