"""The balancer as a process, on a real broker: exactly once, whatever is killed."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from charles import topics
from charles.base.shutdown import TakenOver
from charles.events import Control, DeadLetter, Sample, now
from charles.kafka import topic_admin
from charles.kafka.clients import admin, group
from charles.kafka.schemas import SchemaStore
from charles.labels.bins import BINS, scale_of
from charles.labels.outputs import OUTPUTS
from charles.ledger.tick_ledger import read, total
from charles.settings import Kafka
from infra.kafka.broker import LocalBroker
from tests.kafka_tools import events, headers, kill, read_all
from tests.patience import PATIENCE_S
from tests.programs import configure, give, heard, running
from tests.stream_jobs.balancer.feeding import (
    CONFIG,
    LOCAL,
    RUN,
    Feed,
    check_ledger_against_topics,
    ledgers_until,
    picture,
    settled,
)


def check_samples(kafka: Kafka) -> list[Sample]:
    """Every emitted sample: once, with its own frame and the history before it; every set whole."""
    samples = events(kafka, topics.BALANCED, Sample)
    moments = Counter(sample.moment for sample in samples)
    assert max(moments.values()) == 1
    bins: dict[tuple[str, str], list[int]] = {}
    for sample in samples:
        assert sample.frames == [picture(sample.collector, sample.tick)]
        assert sample.speed == sample.tick
        assert [*sample.history_speed] == [float(tick) for tick in range(sample.tick - 10, sample.tick)]
        assert scale_of("v3", -1).bin_of(getattr(sample, sample.set_output)) == sample.set_bin
        bins.setdefault((sample.set_id, sample.set_output), []).append(sample.set_bin)
    assert all(indices == list(range(BINS)) for indices in bins.values())
    assert {output for _set, output in bins} == set(OUTPUTS)
    return samples


def test_sets_are_whole_and_every_tick_is_accounted_for(kafka: Kafka, feed: Feed) -> None:
    feed.send("one", range(1500))
    feed.send("two", range(1200))
    with running("balance", kafka, config=CONFIG, balancer=LOCAL):
        ledgers_until(kafka, lambda found: settled("one", 1499)(found) and settled("two", 1199)(found))
    samples = check_samples(kafka)
    check_ledger_against_topics(kafka, 2700)
    assert total(read(kafka)).terms["warm_up"] == 20
    assert len(samples) > 500
    message = read_all(kafka, topics.BALANCED)[0]
    first = SchemaStore(kafka).decode(Sample, message.value())
    assert message.key() == first.set_id.encode()
    assert headers(message) == {"collector": first.collector, "run": RUN, "tick": str(first.tick)}


@pytest.mark.slow
def test_a_killed_balancer_neither_repeats_nor_loses_a_tick(kafka: Kafka, feed: Feed) -> None:
    sent = 0
    for round_number in range(4):
        with running("balance", kafka, config=CONFIG, balancer=LOCAL) as balancer:
            feed.send("one", range(sent, sent + 400))
            feed.send("one", range(sent + 400, sent + 600), frames=False)  # halves wait while it dies
            ledgers_until(kafka, settled("one", sent + 100 + 50 * round_number))
            balancer.kill()
            balancer.wait()
        feed.send("one", range(sent + 400, sent + 600), controls=False)
        sent += 600
    with running("balance", kafka, config=CONFIG, balancer=LOCAL):
        ledgers_until(kafka, settled("one", sent - 1))
    check_samples(kafka)
    check_ledger_against_topics(kafka, sent)
    (ledger,) = read(kafka)
    assert (ledger.repeats, ledger.missing, ledger.unmatched) == (0, 0, 0)


@pytest.mark.slow
def test_a_group_whose_offsets_fall_back_repeats_no_tick_and_no_dead_letter(kafka: Kafka, feed: Feed) -> None:
    feed.send("one", range(300))
    feed.send_raw(topics.FRAMES, "one", 300, b"\xc3\x01too short")
    feed.send("one", range(300, 301), frames=False)
    feed.send("one", range(301, 1500))
    with running("balance", kafka, config=CONFIG, balancer=LOCAL):
        ledgers_until(kafka, settled("one", 1499))
    fall_back(kafka, 200)

    feed.send("one", range(1500, 1600))
    with running("balance", kafka, config=CONFIG, balancer=LOCAL):
        (ledger,) = ledgers_until(kafka, settled("one", 1599))
    check_samples(kafka)
    check_ledger_against_topics(kafka, 1600)
    assert ledger.repeats == 0
    assert len(events(kafka, topics.DEADLETTER, DeadLetter)) == ledger.dead_lettered == 1


def fall_back(kafka: Kafka, offset: int) -> None:
    """Let the group believe that it committed no more than this."""
    balancers = group(kafka, "balancer")
    client = admin(kafka)
    known = client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(balancers)])[balancers].result(10)
    earlier = [
        TopicPartition(place.topic, place.partition, offset, metadata=str(offset))
        for place in known.topic_partitions
        if place.offset > offset
    ]
    assert len(earlier) == 2
    deadline = time.monotonic() + PATIENCE_S
    while True:  # until the group has missed the member that left it
        asked = client.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(balancers, earlier)])
        if not any(place.error for place in asked[balancers].result(10).topic_partitions):
            return
        assert time.monotonic() < deadline
        time.sleep(0.5)


@pytest.mark.slow
def test_another_instance_takes_over_from_a_killed_one(kafka: Kafka, feed: Feed) -> None:
    for collector in ("one", "two", "three"):
        feed.send(collector, range(600))
    with running("balance", kafka, config=CONFIG, balancer=LOCAL | {"name": "first"}) as first:
        ledgers_until(kafka, settled("one", 599))
        first.kill()
        first.wait()
    for collector in ("one", "two", "three"):
        feed.send(collector, range(600, 900))
    with running("balance", kafka, config=CONFIG, balancer=LOCAL | {"name": "second"}):
        ledgers_until(kafka, lambda found: all(settled(one, 899)(found) for one in ("one", "two", "three")))
    check_samples(kafka)
    check_ledger_against_topics(kafka, 2700)


@pytest.mark.slow
def test_a_killed_broker_holds_it_up_but_costs_no_tick(own_broker: LocalBroker) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False), prefix="killed")
    topic_admin.ensure(kafka)
    feed = Feed(kafka)
    with running("balance", kafka, config=CONFIG, balancer=LOCAL):
        for start in (0, 500):
            feed.send("one", range(start, start + 500))
            ledgers_until(kafka, settled("one", start + 250))
            kill(own_broker)
            own_broker.start(detached=False)
        ledgers_until(kafka, settled("one", 999))
    check_samples(kafka)
    check_ledger_against_topics(kafka, 1000)


def test_what_cannot_be_read_is_dead_lettered_once_with_its_reason(kafka: Kafka, feed: Feed) -> None:
    feed.send("one", range(50))
    whole = bytes(read_all(kafka, topics.CONTROLS)[-1].value() or b"")
    not_a_number = whole[:-64] + b"\0\0\0\0\0\0\xf8\x7f" + whole[-56:]  # steering is followed by seven doubles
    feed.send_raw(topics.FRAMES, "one", 50, b"\xc3\x01too short")
    feed.send_raw(topics.FRAMES, "one", 51, b"\xc3\x01" + b"?" * 20)
    feed.send("one", range(50, 53), frames=False)
    feed.send_raw(topics.CONTROLS, "one", 53, whole[:-3])
    feed.send_raw(topics.CONTROLS, "one", 54, not_a_number)
    feed.send("one", range(52, 55), controls=False)
    feed.send("one", range(55, 60))
    for _restart in range(2):
        with running("balance", kafka, config=CONFIG, balancer=LOCAL):
            ledgers_until(kafka, settled("one", 59))
    letters = events(kafka, topics.DEADLETTER, DeadLetter)
    assert len(letters) == 4
    reasons = {letter.headers["tick"]: letter.reason for letter in letters}
    assert "unknown schema 3f3f3f3f3f3f3f3f" in reasons[b"51"]
    assert "must be" in reasons[b"54"]
    assert "nan" in reasons[b"54"]
    (ledger,) = read(kafka)
    assert ledger.dead_lettered == 4
    check_ledger_against_topics(kafka, 60)


def test_a_run_that_falls_silent_is_settled(kafka: Kafka, feed: Feed) -> None:
    feed.send("one", range(30))
    feed.send("one", range(30, 40), frames=False)
    with running("balance", kafka, config=CONFIG, balancer=LOCAL):
        ledgers_until(kafka, settled("one", 39))
    (ledger,) = read(kafka)
    assert ledger.unmatched == 10


def test_a_new_run_starts_without_the_history_of_the_one_before(kafka: Kafka, feed: Feed) -> None:
    feed.send("one", range(30))
    feed.send("one", range(30), run="20260101T000001-test")
    with running("balance", kafka, config=CONFIG, balancer=LOCAL):
        ledgers_until(kafka, lambda found: len(found) == 2 and all(led.settled == 29 for led in found.values()))
    assert [ledger.warm_up for ledger in read(kafka)] == [10, 10]


def test_frames_are_read_again_from_the_log_when_memory_has_forgotten_them(kafka: Kafka, feed: Feed) -> None:
    feed.send("one", range(1500))
    with running("balance", kafka, config=CONFIG, balancer=LOCAL | {"frames_cache_mb": 0}):
        ledgers_until(kafka, settled("one", 1499))
    check_samples(kafka)
    check_ledger_against_topics(kafka, 1500)


def test_a_nan_is_no_control() -> None:
    with pytest.raises(ValueError, match=r"steering must be in \[-1, 1\], not nan"):
        Control("c", "r", 0, now(), 0, 0, math.nan, 0, 0, 0, 0, 0, 0, 0)


@pytest.mark.slow
def test_bins_and_outputs_may_change_on_the_way_and_no_tick_is_lost(kafka: Kafka, feed: Feed) -> None:
    with running("balance", kafka, config=CONFIG, balancer=LOCAL):
        feed.send("collector-1", range(600))
        ledgers_until(kafka, settled("collector-1", 599))
        fewer = configure(kafka, {"balance": {"bins": 5}})
        sent = feed_until(kafka, feed, 600, lambda: fewer.number in epochs_of_samples(kafka))
        steering = configure(kafka, {"outputs": ["steering"]})
        sent = feed_until(kafka, feed, sent, lambda: steering.number in epochs_of_samples(kafka))
        longer = configure(kafka, {"balance": {"history": 20}})
        sent = feed_until(kafka, feed, sent, lambda: longer.number in epochs_of_samples(kafka))
        ledgers_until(kafka, settled("collector-1", sent - 1))

    check_ledger_against_topics(kafka, sent)
    samples = events(kafka, topics.BALANCED, Sample)
    assert max(Counter(sample.moment for sample in samples).values()) == 1
    sets: dict[str, list[Sample]] = {}
    for sample in samples:
        sets.setdefault(sample.set_id, []).append(sample)
    for each in sets.values():
        (epoch,) = {sample.epoch for sample in each}
        bins = 5 if epoch >= fewer.number else BINS
        assert [sample.set_bin for sample in each] == list(range(bins))
        scale = scale_of("v3", -1, bins)
        assert all(scale.bin_of(getattr(sample, sample.set_output)) == sample.set_bin for sample in each)
        assert {sample.set_output for sample in each} <= ({"steering"} if epoch >= steering.number else set(OUTPUTS))
        assert {len(sample.history_speed) for sample in each} == {20 if epoch >= longer.number else 10}


def epochs_of_samples(kafka: Kafka) -> set[int]:
    return {sample.epoch for sample in events(kafka, topics.BALANCED, Sample)}


def feed_until(kafka: Kafka, feed: Feed, first: int, done: Callable[[], bool]) -> int:
    """Send ticks, a few hundred at a time, until something came of them; returns the next tick."""
    for _ in range(60):
        feed.send("collector-1", range(first, first + 200))
        first += 200
        ledgers_until(kafka, settled("collector-1", first - 1))
        if done():
            return first
    pytest.fail("nothing came of thousands of ticks")


@pytest.mark.slow
def test_a_paused_balancer_takes_nothing_in_and_goes_on_where_it_was(kafka: Kafka, feed: Feed) -> None:
    with running("balance", kafka, config=CONFIG, balancer=LOCAL):
        feed.send("collector-1", range(300))
        ledgers_until(kafka, settled("collector-1", 299))
        given = give(kafka, "balancer-1", "pause")
        heard(kafka, lambda status: status.command == given and status.state == "paused")
        feed.send("collector-1", range(300, 600))
        heard(kafka, lambda status: status.state == "paused" and status.lag > 0)
        assert max(ledger.seen for ledger in read(kafka)) == 300
        give(kafka, "balancer-1", "resume")
        ledgers_until(kafka, settled("collector-1", 599))
    check_samples(kafka)
    check_ledger_against_topics(kafka, 600)


@pytest.mark.slow
def test_another_balancer_of_the_same_name_takes_over_and_the_first_one_ends(kafka: Kafka, feed: Feed) -> None:
    with running("balance", kafka, config=CONFIG, balancer=LOCAL, ends_with=TakenOver.exit_code) as first:
        feed.send("collector-1", range(300))
        ledgers_until(kafka, settled("collector-1", 299))
        with running("balance", kafka, balancer=LOCAL):
            assert first.wait(PATIENCE_S) == TakenOver.exit_code
            feed.send("collector-1", range(300, 600))
            ledgers_until(kafka, settled("collector-1", 599))
    check_samples(kafka)
    check_ledger_against_topics(kafka, 600)
