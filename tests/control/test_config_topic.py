"""The configuration's topic, on a real broker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from charles import topics
from charles.base.typed_sections import ConfigError
from charles.config import Config, changed
from charles.control import config_topic
from charles.events import ConfigChange, now
from charles.kafka.publisher import Publisher
from charles.settings import Kafka
from tests.kafka_tools import events
from tests.programs import configure


def test_the_defaults_hold_until_somebody_sets_something(kafka: Kafka) -> None:
    newest = config_topic.read(kafka).newest
    assert (newest.number, newest.config) == (config_topic.DEFAULTS, Config())


def test_the_last_change_holds_and_all_that_held_are_remembered(kafka: Kafka) -> None:
    first = configure(kafka, {"balance": {"bins": 11}})
    second = configure(kafka, {"play": {"swap": "at once"}})
    held = config_topic.read(kafka).held
    assert [epoch.number for epoch in held] == [-1, first.number, second.number]
    assert held[-1].config == changed(Config(), ["balance.bins=11", "play.swap=at once"])
    assert held[-1].author == config_topic.author()


def test_a_change_that_changes_nothing_is_not_written(kafka: Kafka) -> None:
    first = configure(kafka, {"balance": {"bins": 11}})
    assert configure(kafka, {"balance": {"bins": 11}}) == first
    assert len(events(kafka, topics.CONFIG, ConfigChange)) == 1


def test_a_wrong_change_is_not_written(kafka: Kafka) -> None:
    with pytest.raises(ConfigError, match=r"balance\.bins"):
        config_topic.put(kafka, lambda config: changed(config, ["balance.bins=4"]))
    assert events(kafka, topics.CONFIG, ConfigChange) == []


def test_of_changes_at_the_same_moment_none_is_lost(kafka: Kafka) -> None:
    fields = ["balance.bins=11", "play.swap=at once", "collect.jpeg_quality=80", "train.batch=64"]

    def put(field: str) -> config_topic.Epoch:
        return config_topic.put(kafka, lambda config: changed(config, [field]))

    with ThreadPoolExecutor(len(fields)) as everybody:
        list(everybody.map(put, fields))
    assert config_topic.read(kafka).newest.config == changed(Config(), fields)


def test_a_change_made_from_an_older_epoch_does_not_hold(kafka: Kafka) -> None:
    first = configure(kafka, {"balance": {"bins": 11}})
    stale = changed(Config(), ["train.batch=64"])
    publisher = Publisher(kafka, ConfigChange)
    publisher.send(topics.CONFIG, ConfigChange(config_topic.SCOPE, now(), "somebody", -1, stale.model_dump_json()), "x")
    publisher.flush()
    assert config_topic.read(kafka).newest == first


@pytest.mark.parametrize("document", ["{", '{"autopilot": true}', '{"balance": {"bins": 4}}'])
def test_what_cannot_be_used_is_passed_over_and_the_one_before_it_holds(kafka: Kafka, document: str) -> None:
    first = configure(kafka, {"balance": {"bins": 11}})
    publisher = Publisher(kafka, ConfigChange)
    publisher.send_bytes(topics.CONFIG, "pipeline", b"junk")
    publisher.send(
        topics.CONFIG, ConfigChange(config_topic.SCOPE, now(), "somebody", first.number, document), "pipeline"
    )
    publisher.flush()
    assert config_topic.read(kafka).newest == first
    later = configure(kafka, {"train": {"batch": 64}})
    assert later.config == changed(first.config, ["train.batch=64"])
    assert config_topic.read(kafka).newest == later
