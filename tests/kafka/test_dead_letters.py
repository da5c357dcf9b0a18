"""Dead letters, through a real broker."""

from __future__ import annotations

import hashlib
import time

import pytest

from charles import topics
from charles.base.limits import KEPT_VALUE_BYTES
from charles.events import DeadLetter
from charles.kafka import topic_admin
from charles.kafka.clients import name, producer
from charles.kafka.dead_letters import DeadLetters, unwritten
from charles.settings import Kafka
from infra.kafka.broker import LocalBroker
from tests.kafka_tools import events, read_all


def test_a_dead_letter_says_where_the_record_lies_whose_it_was_and_why(
    kafka: Kafka, caplog: pytest.LogCaptureFixture
) -> None:
    teller = producer(kafka)
    teller.produce(name(kafka, topics.FRAMES), key="collector-1", value=b"\x00junk", headers={"run": "r", "tick": "7"})
    teller.flush()
    (message,) = read_all(kafka, topics.FRAMES)

    letters = DeadLetters(kafka, "balancer")
    letters.send(message, "not a Frame")
    assert letters.flush() == 0
    assert letters.count == 1

    (written,) = read_all(kafka, topics.DEADLETTER)
    assert written.key() == name(kafka, topics.FRAMES).encode()
    (letter,) = events(kafka, topics.DEADLETTER, DeadLetter)
    assert (letter.topic, letter.partition, letter.offset) == (message.topic(), message.partition(), message.offset())
    assert (letter.reason, letter.program) == ("not a Frame", "balancer")
    assert (letter.key, letter.value, letter.size) == (b"collector-1", b"\x00junk", 5)
    assert letter.headers == {"run": b"r", "tick": b"7"}
    (logged,) = caplog.records
    assert (vars(logged)["run"], vars(logged)["tick"]) == ("r", "7")


def test_a_big_record_is_cut_and_its_digest_is_that_of_all_of_it(kafka: Kafka) -> None:
    value = bytes(range(256)) * 1000
    teller = producer(kafka)
    teller.produce(name(kafka, topics.WEIGHTS), value=value, headers={"empty": None})
    teller.flush()

    letters = DeadLetters(kafka, "trainer")
    letters.send(read_all(kafka, topics.WEIGHTS)[0], "damaged")
    letters.flush()

    (letter,) = events(kafka, topics.DEADLETTER, DeadLetter)
    assert letter.value == value[:KEPT_VALUE_BYTES]
    assert (letter.size, letter.sha256) == (len(value), hashlib.sha256(value).hexdigest())
    assert letter.key is None
    assert letter.headers == {"empty": b""}


def test_an_event_that_was_never_written_has_no_place() -> None:
    letter = unwritten("charles.controls", "NaN", "collector", key="c", headers={"tick": "3"}, value=b"telemetry")
    assert (letter.partition, letter.offset) == (-1, -1)
    assert (letter.key, letter.headers, letter.value) == (b"c", {"tick": b"3"}, b"telemetry")


@pytest.mark.slow
def test_a_broker_that_is_away_holds_up_nobody_who_has_a_dead_letter_to_tell(own_broker: LocalBroker) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False))
    topic_admin.ensure(kafka)
    own_broker.stop()
    letters = DeadLetters(kafka, "collector")
    began = time.monotonic()
    letters.send_event(unwritten("controls", "steering is nan", "collector", key="collector-1", headers={}))
    assert time.monotonic() - began < 5
    own_broker.start(detached=False)
    assert letters.flush(30) == 0
    (letter,) = events(kafka, topics.DEADLETTER, DeadLetter)
    assert letter.reason == "steering is nan"
