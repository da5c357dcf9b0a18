"""The topic `status`, followed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

import pytest

from charles import topics
from charles.control.status_topic import StatusFollower, StatusTopic, all_heartbeats
from charles.kafka import topic_admin
from charles.kafka.clients import name, producer
from charles.settings import Kafka
from infra.kafka.broker import LocalBroker
from tests.kafka_tools import kill
from tests.patience import PATIENCE_S
from tests.top.pipeline import publish, status


def until(true: Callable[[], bool], heartbeats: StatusTopic, patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline
        heartbeats.read(0.1)


def test_what_was_said_lately_is_heard_with_its_age(kafka: Kafka) -> None:
    publish(kafka, topics.STATUS, status(ago_s=40), status(number=2))
    with StatusTopic(kafka) as heartbeats:
        heartbeats.catch_up(10)
        ages = {member.status.instance: member.silent_s(heartbeats.at) for member in heartbeats.members}
    assert 39 < ages["collector-1"] < 60
    assert ages["collector-2"] < 10


def test_a_clock_that_goes_wrong_elsewhere_makes_nobody_silent(kafka: Kafka) -> None:
    with StatusTopic(kafka) as heartbeats:
        heartbeats.catch_up(10)
        publish(kafka, topics.STATUS, status(ago_s=3600))
        until(lambda: bool(heartbeats.members), heartbeats)
        assert heartbeats.members[0].condition(heartbeats.at) == "well"


def test_only_the_last_records_are_read(kafka: Kafka) -> None:
    publish(kafka, topics.STATUS, status(number=99), *(status() for _ in range(2000)))
    with StatusTopic(kafka) as heartbeats:
        heartbeats.catch_up(10)
        assert [member.status.instance for member in heartbeats.members] == ["collector-1"]


def test_a_cluster_without_topics_is_caught_up_with_at_once(broker: str) -> None:
    with StatusTopic(Kafka(bootstrap_servers=broker, prefix="nobody")) as heartbeats:
        heartbeats.catch_up(10)
        assert heartbeats.members == []


def test_what_is_said_from_now_on_is_followed_and_all_of_it_is_there_to_be_read(kafka: Kafka) -> None:
    publish(kafka, topics.STATUS, status(number=1))
    with closing(StatusFollower(kafka, "test")) as follower:
        deadline = time.monotonic() + PATIENCE_S
        while not follower.caught_up:
            assert follower.glance() == []
            assert time.monotonic() < deadline
        publish(kafka, topics.STATUS, status(number=2))
        assert [each.instance for each in follower.read(10)] == ["collector-2"]
    assert [each.instance for each in all_heartbeats(kafka)] == ["collector-1", "collector-2"]


def test_what_cannot_be_decoded_is_passed_over_counted_and_said(kafka: Kafka, caplog: pytest.LogCaptureFixture) -> None:
    teller = producer(kafka)
    for _ in range(3):
        teller.produce(name(kafka, topics.STATUS), value=b"junk")
    teller.flush(10)
    publish(kafka, topics.STATUS, status())
    with closing(StatusFollower(kafka, "test", last=10)) as follower:
        found = []
        while not follower.caught_up:
            found += follower.read(0.1)
        assert [each.instance for each in found] == ["collector-1"]
        assert follower.failures == 3
    (line,) = caplog.messages
    assert f"a record of {name(kafka, topics.STATUS)} is passed over" in line


@pytest.mark.slow
def test_nobody_falls_silent_because_the_broker_is_away(own_broker: LocalBroker) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False))
    topic_admin.ensure(kafka)
    with StatusTopic(kafka) as heartbeats:
        heartbeats.catch_up(10)
        publish(kafka, topics.STATUS, status())
        until(lambda: bool(heartbeats.members), heartbeats)
        kill(own_broker)
        until(lambda: heartbeats.away_s > 4, heartbeats)
        assert heartbeats.members[0].condition(heartbeats.at) == "well"
        own_broker.start(detached=False)
        until(lambda: heartbeats.away_s == 0, heartbeats)
        assert heartbeats.members[0].condition(heartbeats.at) == "well"
        until(lambda: heartbeats.members[0].condition(heartbeats.at) == "silent", heartbeats)
