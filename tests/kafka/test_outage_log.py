"""What a program says while its broker is away."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from confluent_kafka import KafkaError

from charles.kafka.outage_log import OutageLog
from charles.settings import Kafka
from infra.kafka.broker import LocalBroker
from tests.kafka_tools import kill
from tests.logged import logged, until


def test_a_connection_lost_while_others_hold_is_not_worth_a_line(caplog: pytest.LogCaptureFixture) -> None:
    absence = OutageLog()
    for _ in range(3):
        absence.error(KafkaError(KafkaError._TRANSPORT, "b1: Disconnected"))
    assert not caplog.records


def test_many_clients_of_one_process_say_once_that_no_broker_is_left(caplog: pytest.LogCaptureFixture) -> None:
    absence = OutageLog()
    for _ in range(5):
        absence.error(KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"))
        absence.error(KafkaError(KafkaError._TRANSPORT, "b1: Connection refused"))
    assert [record.getMessage() for record in caplog.records] == [
        "Kafka: no broker answers, waiting for one (b1: Connection refused)"
    ]


def test_what_else_the_cluster_says_is_said_beside_it(caplog: pytest.LogCaptureFixture) -> None:
    absence = OutageLog()
    for _ in range(2):
        absence.error(KafkaError(KafkaError._AUTHENTICATION, "b1: wrong password"))
        absence.error(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED, "not yours"))
    assert [record.getMessage() for record in caplog.records] == ["Kafka: b1: wrong password", "Kafka: not yours"]


def test_an_answer_to_an_older_question_does_not_end_an_absence(caplog: pytest.LogCaptureFixture) -> None:
    absence, asked = OutageLog(), time.monotonic()
    caplog.set_level("INFO")
    absence.error(KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"))
    absence.error(KafkaError(KafkaError._TRANSPORT, "b1: Connection refused"))
    absence.over(asked)
    assert len(caplog.records) == 1
    absence.over(time.monotonic())
    absence.over(time.monotonic())
    assert len(caplog.records) == 2
    assert "answers again" in caplog.records[1].getMessage()


def test_old_news_of_a_lost_connection_are_no_absence(caplog: pytest.LogCaptureFixture) -> None:
    absence = OutageLog()
    caplog.set_level("INFO")
    absence.over(time.monotonic())
    absence.error(KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"))
    absence.error(KafkaError(KafkaError._TRANSPORT, "b1: Connection refused"))
    absence.look()
    absence.over(time.monotonic())
    absence.look()
    assert not caplog.records


def test_an_absence_that_follows_on_an_answer_is_said_once_the_answer_is_old(
    caplog: pytest.LogCaptureFixture,
) -> None:
    absence = OutageLog()
    absence.over(time.monotonic())
    absence.error(KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"))
    absence.error(KafkaError(KafkaError._TRANSPORT, "b1: Connection refused"))
    assert not caplog.records
    time.sleep(3)
    absence.look()
    absence.look()
    assert [record.getMessage() for record in caplog.records] == [
        "Kafka: no broker answers, waiting for one (b1: Connection refused)"
    ]


@pytest.mark.slow
def test_a_program_says_in_one_line_that_its_broker_is_away_and_in_one_that_it_is_back(
    own_broker: LocalBroker, tmp_path: Path
) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False))
    log = tmp_path / "collector.log"
    with logged("collect", kafka, log, collector={"game": "carracing"}):
        until(lambda: " run 1 tick " in log.read_text())
        kill(own_broker)
        time.sleep(15)
        away = log.read_text()
        own_broker.start(detached=False)
        until(lambda: "answers again" in log.read_text())
    beside = [line for line in away.splitlines() if " run " not in line]
    assert len(beside) == 1
    assert "Kafka: no broker answers, waiting for one" in beside[0]
    assert log.read_text().count("Kafka: ") == 2
