"""Topics on a real cluster: created, compared, mended, deleted."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType
from typer import Typer
from typer.testing import CliRunner

from charles import topics
from charles.cli.topics import reset_command, topics_command
from charles.kafka import topic_admin
from charles.kafka.clients import BrokerUnavailable, admin, consumer, name, producer, require_broker
from charles.kafka.topic_admin import WrongTopics
from charles.kafka.topic_report import describe
from charles.settings import Kafka
from charles.topics import TOPICS
from tests.ports import free_port

APP = Typer()
APP.command("topics")(topics_command)
APP.command("reset")(reset_command)


@pytest.fixture
def empty(broker: str) -> Kafka:
    """A prefix under which nothing exists yet."""
    return Kafka(bootstrap_servers=broker, prefix=f"t{uuid.uuid4().hex[:8]}")


@pytest.fixture
def shell(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A command line whose environment names this test's cluster and prefix."""
    monkeypatch.setenv("CHARLES_KAFKA__BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    monkeypatch.setenv("CHARLES_KAFKA__PREFIX", kafka.prefix)
    return CliRunner()


def set_config(kafka: Kafka, topic: topics.Topic, key: str, value: str) -> None:
    entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
    client = admin(kafka)
    resource = ConfigResource(ResourceType.TOPIC, name(kafka, topic), incremental_configs=[entry])
    topic_admin.resolve(client.incremental_alter_configs([resource]))


def create(kafka: Kafka, topic: topics.Topic, partitions: int) -> None:
    client = admin(kafka)
    topic_admin.resolve(client.create_topics([NewTopic(name(kafka, topic), num_partitions=partitions)]))


def test_ensure_creates_what_is_missing_as_the_table_says_and_only_once(empty: Kafka) -> None:
    assert sorted(topic_admin.ensure(empty)) == sorted(name(empty, topic) for topic in TOPICS)
    assert topic_admin.ensure(empty) == []
    facts, groups = describe(empty)
    assert [(fact.name, fact.partitions, fact.differs) for fact in facts] == [
        (name(empty, topic), topic.partitions, []) for topic in TOPICS
    ]
    assert groups == []


def test_programs_that_start_together_may_all_ensure(empty: Kafka) -> None:
    with ThreadPoolExecutor(4) as pool:
        created = [full for names in pool.map(topic_admin.ensure, [empty] * 4) for full in names]
    assert sorted(created) == sorted(name(empty, topic) for topic in TOPICS)


def test_settings_of_replication_reach_new_topics(empty: Kafka) -> None:
    kafka = empty.model_copy(update={"min_insync_replicas": 1, "replication_factor": 1})
    topic_admin.ensure(kafka)
    wanted = name(kafka, topics.FRAMES)
    assert topic_admin.configs(admin(kafka), [wanted])[wanted]["min.insync.replicas"] == "1"


def test_frames_and_controls_with_different_partition_counts_are_refused_and_mended_together(empty: Kafka) -> None:
    create(empty, topics.FRAMES, 8)
    create(empty, topics.CONTROLS, 6)
    with pytest.raises(WrongTopics, match=r"frames has 8 partitions and .*controls has 6"):
        topic_admin.ensure(empty)
    topic_admin.apply(empty)
    topic_admin.ensure(empty)
    counts = topic_admin.partition_counts(admin(empty))
    assert counts[name(empty, topics.FRAMES)] == counts[name(empty, topics.CONTROLS)] == 8
    assert counts[name(empty, topics.BALANCER_STATE)] == 8


def test_a_state_with_fewer_partitions_than_the_frames_is_refused_and_mended(empty: Kafka) -> None:
    for topic in (topics.FRAMES, topics.CONTROLS):
        create(empty, topic, 8)
    create(empty, topics.BALANCER_STATE, 6)
    with pytest.raises(WrongTopics, match=r"balancer-state has 6 partitions and .*frames has 8.*topics --apply"):
        topic_admin.ensure(empty)
    topic_admin.apply(empty)
    topic_admin.ensure(empty)


def test_what_differs_is_told_and_applied(kafka: Kafka) -> None:
    set_config(kafka, topics.FRAMES, "retention.bytes", "1000000")
    fact = next(fact for fact in describe(kafka)[0] if fact.name == name(kafka, topics.FRAMES))
    wanted = topics.FRAMES.config()["retention.bytes"]
    assert fact.differs == [f"retention.bytes: 1000000, not {wanted}"]
    assert topic_admin.apply(kafka) == [f"{fact.name}: retention.bytes 1000000 -> {wanted}"]
    assert topic_admin.apply(kafka) == []
    assert all(fact.differs == [] for fact in describe(kafka)[0])


def test_records_rates_and_lag_are_counted(kafka: Kafka) -> None:
    teller = producer(kafka)
    for number in range(50):
        teller.produce(name(kafka, topics.TRAINING), key="m", value=b"%d" % number)
    teller.flush()
    reader = consumer(kafka, "reader")
    reader.commit(offsets=[TopicPartition(name(kafka, topics.TRAINING), 0, 20)], asynchronous=False)
    reader.close()

    facts, groups = describe(kafka)
    fact = next(fact for fact in facts if fact.name == name(kafka, topics.TRAINING))
    assert (fact.records, fact.rate, fact.size) == (50, 5.0, None)
    assert [(group.group, group.lag) for group in groups] == [(f"{kafka.prefix}.reader", {fact.name: 30})]


def test_sizes_are_those_of_the_brokers_files(kafka: Kafka, tmp_path: Path) -> None:
    folder = tmp_path / f"{name(kafka, topics.WEIGHTS)}-0"
    folder.mkdir()
    (folder / "00000000000000000000.log").write_bytes(bytes(range(256)) * 400)
    facts, _ = describe(kafka, tmp_path)
    sizes = {fact.name: fact.size for fact in facts}
    assert 102_400 <= (sizes[name(kafka, topics.WEIGHTS)] or 0) < 120_000
    assert sizes[name(kafka, topics.FRAMES)] == 0


def test_reset_deletes_everything_under_its_prefix_and_nothing_else(kafka: Kafka) -> None:
    other = kafka.model_copy(update={"prefix": f"{kafka.prefix}2"})
    create(other, topics.STATUS, 1)
    reader = consumer(kafka, "reader")
    reader.commit(offsets=[TopicPartition(name(kafka, topics.TRAINING), 0, 0)], asynchronous=False)
    reader.close()

    deleted, groups = topic_admin.delete_all(kafka)
    assert len(deleted) == len(TOPICS)
    assert groups == [f"{kafka.prefix}.reader"]
    assert topic_admin.under_prefix(kafka) == ([], [])
    assert topic_admin.under_prefix(other)[0] == [name(other, topics.STATUS)]


def test_reset_refuses_while_a_program_reads(kafka: Kafka) -> None:
    reader = consumer(kafka, "reader")
    reader.subscribe([name(kafka, topics.TRAINING)])
    while not reader.assignment():
        reader.poll(0.1)
    with pytest.raises(WrongTopics, match=r"reader still has members"):
        topic_admin.delete_all(kafka)
    reader.close()
    assert len(topic_admin.under_prefix(kafka)[0]) == len(TOPICS)


def test_no_broker_is_a_clear_error() -> None:
    nowhere = Kafka(bootstrap_servers=f"127.0.0.1:{free_port()}")
    with pytest.raises(BrokerUnavailable, match=r"no Kafka broker answers at 127"):
        require_broker(nowhere, patience_s=0.5)


def test_the_command_prints_a_table_and_json(kafka: Kafka, shell: CliRunner) -> None:
    set_config(kafka, topics.FRAMES, "retention.bytes", "1000000")
    shown = shell.invoke(APP, ["topics"])
    assert shown.exit_code == 0
    assert "controls" in shown.stdout
    assert "differs: " in shown.stdout

    facts = json.loads(shell.invoke(APP, ["topics", "--apply", "--json"]).stdout)
    assert len(facts["topics"]) == len(TOPICS)
    assert len(facts["changed"]) == 1
    assert all(topic["differs"] == [] for topic in facts["topics"])


def test_reset_without_yes_only_says_what_it_would_do(kafka: Kafka, shell: CliRunner) -> None:
    refused = shell.invoke(APP, ["reset"])
    assert refused.exit_code == 1
    assert f"would delete topic {kafka.prefix}.frames" in refused.stdout
    assert len(topic_admin.under_prefix(kafka)[0]) == len(TOPICS)

    done = shell.invoke(APP, ["reset", "--yes"])
    assert done.exit_code == 0
    assert topic_admin.under_prefix(kafka) == ([], [])


def test_the_bounds_of_the_table_are_said_in_words(kafka: Kafka) -> None:
    keeps = {fact.name.removeprefix(f"{kafka.prefix}."): fact.keeps for fact in describe(kafka)[0]}
    assert keeps["frames"] == f"{topics.FRAMES.keep_bytes >> 30} GiB"
    assert keeps["models"] == "newest per key"
    assert keeps["driving"] == "10 min, 512 MiB"
