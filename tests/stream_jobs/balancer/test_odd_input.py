"""What the balancer makes of what should not come: two drives under one name, repeats, clocks that jump."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta

from charles import topics
from charles.events import DeadLetter, Sample, now
from charles.ledger.tick_ledger import read
from charles.settings import Kafka
from tests.kafka_tools import events
from tests.programs import running
from tests.stream_jobs.balancer.feeding import (
    LOCAL,
    RUN,
    Feed,
    check_ledger_against_topics,
    ledgers_until,
    picture,
    settled,
)

SMALL = {"balance": {"history": 10, "silence_seconds": 1.0, "bins": 3}}
"""Few bins: of a hundred ticks there are sets already."""
OTHER = 100_000
"""What the other drive's speed and pictures have beside the tick."""


def another_instant(tick: int) -> datetime:
    return now() - timedelta(days=1, seconds=-tick)


def check_each_sample_is_of_one_tick(kafka: Kafka) -> list[Sample]:
    samples = events(kafka, topics.BALANCED, Sample)
    assert max(Counter(sample.moment for sample in samples).values()) == 1
    assert all(sample.frames == [picture(sample.collector, int(sample.speed))] for sample in samples)
    return samples


def test_a_frame_of_one_of_two_collectors_of_the_same_name_and_run_is_never_joined_with_a_control_of_the_other(
    kafka: Kafka, feed: Feed
) -> None:
    rng = random.Random(5)
    for first in range(0, 600, 20):
        ticks = range(first, first + 20)
        halves = [(mark, side) for mark in (0, OTHER) for side in ("frames", "controls")]
        rng.shuffle(halves)
        for mark, side in halves:
            only = {"frames": side == "frames", "controls": side == "controls"}
            if mark:
                feed.send("one", ticks, mark=mark, at=another_instant, **only)
            else:
                feed.send("one", ticks, **only)
    for _restart in range(2):
        with running("balance", kafka, config=SMALL, balancer=LOCAL):
            ledgers_until(kafka, settled("one", 599))
    samples = check_each_sample_is_of_one_tick(kafka)
    (ledger,) = read(kafka)
    letters = events(kafka, topics.DEADLETTER, DeadLetter)
    assert {letter.reason for letter in letters} == {
        "frame and control are from different instants: do two collectors run under this name?"
    }
    assert len(letters) == len({letter.headers["tick"] for letter in letters}) == ledger.dead_lettered > 0
    assert ledger.repeats == 2 * 600, "of each tick one half of each kind too many"
    assert ledger.emitted == len(samples)
    check_ledger_against_topics(kafka, 600)


def test_collectors_of_other_names_may_have_the_same_run(kafka: Kafka, feed: Feed) -> None:
    feed.send("one", range(300))
    feed.send("two", range(200), at=another_instant)
    with running("balance", kafka, config=SMALL, balancer=LOCAL):
        ledgers_until(kafka, lambda found: settled("one", 299)(found) and settled("two", 199)(found))
    check_each_sample_is_of_one_tick(kafka)
    assert [(each.collector, each.run, each.seen, each.repeats) for each in read(kafka)] == [
        ("one", RUN, 300, 0),
        ("two", RUN, 200, 0),
    ]
    check_ledger_against_topics(kafka, 500)


def test_a_tick_that_repeats_is_counted_and_never_used_twice_whether_it_waits_was_emitted_or_is_of_before_a_restart(
    kafka: Kafka, feed: Feed
) -> None:
    feed.send("one", range(600))
    with running("balance", kafka, config=SMALL, balancer=LOCAL):
        ledgers_until(kafka, settled("one", 599))
        feed.send("one", range(100, 200))
        feed.send("one", range(300, 310), controls=False)
        feed.send("one", range(600, 601))
        ledgers_until(kafka, settled("one", 600))
        assert read(kafka)[0].repeats == 2 * 100 + 10
    feed.send("one", range(580, 600))
    feed.send("one", range(400, 405), frames=False)
    feed.send("one", range(601, 700))
    with running("balance", kafka, config=SMALL, balancer=LOCAL):
        ledgers_until(kafka, settled("one", 699))
    (ledger,) = read(kafka)
    assert ledger.repeats == 2 * 100 + 10 + 2 * 20 + 5
    assert len(check_each_sample_is_of_one_tick(kafka)) == ledger.emitted > 100
    check_ledger_against_topics(kafka, 700)


def test_a_clock_that_jumps_back_changes_nothing_for_ticks_go_by_their_numbers(kafka: Kafka, feed: Feed) -> None:
    today = now()
    feed.send("one", range(200), at=lambda tick: today + timedelta(days=2, seconds=tick))
    feed.send("one", range(200, 400), at=lambda tick: today - timedelta(seconds=10))
    feed.send("one", range(400, 600), at=lambda tick: today - timedelta(seconds=10 + tick))
    with running("balance", kafka, config=SMALL, balancer=LOCAL):
        ledgers_until(kafka, settled("one", 599))
    samples = check_each_sample_is_of_one_tick(kafka)
    assert all([*sample.history_speed] == [*range(sample.tick - 10, sample.tick)] for sample in samples)
    (ledger,) = read(kafka)
    assert (ledger.unmatched, ledger.missing, ledger.dead_lettered, ledger.warm_up) == (0, 0, 0, 10)
    assert sum(ledger.latencies) == ledger.emitted > 100
    assert 0 < ledger.latencies[0] == sum(sample.tick < 200 for sample in samples), "those from the future took no time"
    assert ledger.surplus_by.get("too old", 0) == 0
    check_ledger_against_topics(kafka, 600)


def test_what_waits_for_too_long_is_surplus_also_after_a_restart(kafka: Kafka, feed: Feed) -> None:
    patient = {"balance": {"history": 10, "silence_seconds": 1.0, "max_wait_minutes": 0.1}}
    feed.send("one", range(25))
    with running("balance", kafka, config=patient, balancer=LOCAL):
        ledgers_until(kafka, settled("one", 24))
    with running("balance", kafka, balancer=LOCAL):
        feed.send("two", range(12))
        ledgers_until(kafka, lambda found: len(found) == 2 and all(each.waiting == 0 for each in found.values()))
    one, two = read(kafka)
    assert (one.surplus_by, two.surplus_by) == ({"too old": 15}, {"too old": 2})
    check_ledger_against_topics(kafka, 37)
