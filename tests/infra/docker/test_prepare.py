"""The first configuration of a pipeline in containers."""

from __future__ import annotations

from charles.config import changed
from charles.control import config_topic
from charles.settings import Kafka, Settings, load
from infra.docker import prepare


def test_a_new_pipeline_learns_in_minutes(kafka: Kafka) -> None:
    prepare.prepare(_settings(kafka, minutes=10))
    config = config_topic.read(kafka).newest.config
    assert config.train.buffer == 630
    assert config.train.checkpoint_every == 100


def test_what_somebody_set_is_left_alone(kafka: Kafka) -> None:
    config_topic.put(kafka, lambda config: changed(config, ["train.buffer=2000"]))
    before = config_topic.read(kafka).newest
    prepare.prepare(_settings(kafka, minutes=3))
    assert config_topic.read(kafka).newest == before


def test_it_is_prepared_once(kafka: Kafka) -> None:
    prepare.prepare(_settings(kafka, minutes=10))
    prepare.prepare(_settings(kafka, minutes=3))
    assert len(config_topic.read(kafka).held) == 2  # the defaults, and the first


def _settings(kafka: Kafka, minutes: float) -> Settings:
    return load(demo={"minutes": minutes}).model_copy(update={"kafka": kafka})
