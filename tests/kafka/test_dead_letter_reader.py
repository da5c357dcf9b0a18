"""Dead letters read back from a real broker."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from confluent_kafka import TopicPartition

from charles import topics
from charles.avro import codec
from charles.avro.codec import Unreadable
from charles.base.limits import KEPT_VALUE_BYTES
from charles.events import DeadLetter, TrainingStep, now
from charles.kafka import dead_letter_reader
from charles.kafka.clients import admin, name, producer
from charles.kafka.dead_letter_reader import LetterEntry, groups, original, read, span, starts, whose
from charles.kafka.dead_letters import DeadLetters, unwritten
from charles.kafka.reading import OffsetSpan
from charles.kafka.topic_admin import resolve
from charles.settings import Kafka
from charles.topics import Topic
from tests.kafka_tools import read_all

NOON = datetime(2030, 1, 31, 12, tzinfo=UTC)


def a_letter(reason: str = "not a Frame", minute: int = 0, program: str = "balancer") -> DeadLetter:
    letter = unwritten("charles.frames", reason, program, key="collector-1", headers={})
    return replace(letter, time=NOON + timedelta(minutes=minute))


def tell(kafka: Kafka, *letters: DeadLetter) -> None:
    teller = DeadLetters(kafka, "test")
    for letter in letters:
        teller.send_event(letter)
    assert teller.flush(10) == 0


def dead(kafka: Kafka, topic: Topic, value: bytes) -> DeadLetter:
    """The dead letter of a record that was written to a topic just now."""
    write(kafka, topic, value)
    letters = DeadLetters(kafka, "test")
    letters.send(read_all(kafka, topic)[-1], "for a test")
    assert letters.flush(10) == 0
    return list(read(kafka))[-1].letter


def write(kafka: Kafka, topic: Topic, value: bytes) -> None:
    teller = producer(kafka)
    teller.produce(name(kafka, topic), value=value)
    assert teller.flush(10) == 0


def forget(kafka: Kafka, topic: Topic, before: int) -> None:
    client = admin(kafka)
    resolve(client.delete_records([TopicPartition(name(kafka, topic), 0, before)]))


def test_they_come_in_their_order_with_their_numbers(kafka: Kafka) -> None:
    tell(kafka, *(a_letter(f"reason {n}") for n in range(3)))
    assert [(entry.number, entry.letter.reason) for entry in read(kafka)] == [
        (0, "reason 0"),
        (1, "reason 1"),
        (2, "reason 2"),
    ]
    found = dead_letter_reader.find(kafka, 1)
    assert found is not None
    assert found.letter == a_letter("reason 1")
    assert dead_letter_reader.find(kafka, 3) is None


def test_what_was_met_since_a_time_lies_after_what_was_written_before_it(kafka: Kafka) -> None:
    tell(kafka, a_letter("old"))
    time.sleep(0.01)
    since = now()
    assert span(kafka, since) == OffsetSpan(1, 1)
    tell(kafka, replace(a_letter("new"), time=now()))
    assert span(kafka, since) == OffsetSpan(1, 2)
    assert [entry.letter.reason for entry in read(kafka, start=1)] == ["new"]


def test_the_last_ones_are_sought_near_the_end_first() -> None:
    assert list(starts(OffsetSpan(10, 100_010), 20)) == [99_990, 99_810, 98_010, 80_010, 10]
    assert list(starts(OffsetSpan(3, 23), 20)) == [3]
    assert list(starts(OffsetSpan(0, 0), 20)) == [0]


def test_one_that_retention_has_passed_is_not_there(kafka: Kafka) -> None:
    tell(kafka, *(a_letter(f"reason {n}") for n in range(3)))
    forget(kafka, topics.DEADLETTER, before=2)
    assert dead_letter_reader.find(kafka, 0) is None
    assert [entry.number for entry in read(kafka)] == [2]
    assert span(kafka) == OffsetSpan(2, 3)


def test_where_there_is_no_topic_yet_there_are_none(broker: str) -> None:
    kafka = Kafka(bootstrap_servers=broker, prefix="nobody-ran-here")
    assert list(read(kafka)) == []
    assert dead_letter_reader.find(kafka, 0) is None
    assert span(kafka) == span(kafka, since=NOON) == OffsetSpan(0, 0)


def test_one_that_cannot_be_read_itself_stands_among_the_others(kafka: Kafka) -> None:
    tell(kafka, a_letter("before"))
    write(kafka, topics.DEADLETTER, b"junk")
    tell(kafka, a_letter("after"))
    before, broken, after = (entry.letter for entry in read(kafka))
    assert (before.reason, after.reason) == ("before", "after")
    assert "itself cannot be decoded: the record begins with 6a 75" in broken.reason
    assert (broken.topic, broken.offset, broken.value) == (name(kafka, topics.DEADLETTER), 1, b"junk")
    assert abs(broken.time - now()) < timedelta(minutes=1)


def test_reasons_that_differ_only_in_numbers_count_as_one() -> None:
    reasons = [
        *("not a Frame: 3 bytes too many", "not a Frame: 17 bytes too many", "not a Frame: 17 bytes too many"),
        *("the record begins with 6a 75: no framing", "the record begins with ff fe: no framing"),
        *("unknown schema 0123456789abcdef", "unknown schema fedcba9876543210"),
        *("steering is -1.75", "steering is 12.5"),
        "a picture of 3x4",
    ]
    found = groups(LetterEntry(n, a_letter(reason, n)) for n, reason in enumerate(reasons))
    assert [(group.count, group.reason) for group in found] == [
        (3, "not a Frame: N bytes too many"),
        (2, "the record begins with N: no framing"),
        (2, "unknown schema N"),
        (2, "steering is N"),
        (1, "a picture of 3x4"),
    ]


def test_a_reason_that_never_differs_keeps_its_numbers() -> None:
    (group,) = groups(LetterEntry(n, a_letter("the record is 5 bytes", n)) for n in (0, 2, 1))
    assert (group.reason, group.count, group.newest) == ("the record is 5 bytes", 3, 2)
    assert (group.first, group.last) == (NOON, NOON + timedelta(minutes=2))


def test_what_other_programs_met_counts_apart() -> None:
    found = groups(
        [LetterEntry(0, a_letter()), LetterEntry(1, a_letter(program="trainer")), LetterEntry(2, a_letter())]
    )
    assert [(group.program, group.count) for group in found] == [("balancer", 2), ("trainer", 1)]


def test_its_headers_say_whose_it_was_and_else_its_key_where_that_is_the_collector() -> None:
    kafka = Kafka()
    told = {"collector": b"c\xff", "run": b"r", "tick": b"7"}
    assert whose(kafka, replace(a_letter(), headers=told)) == {"collector": "c\\xff", "run": "r", "tick": "7"}
    assert whose(kafka, a_letter()) == {"collector": "collector-1", "run": None, "tick": None}
    nobody = {"collector": None, "run": None, "tick": None}
    assert whose(kafka, replace(a_letter(), topic="charles.weights")) == nobody


def test_a_big_record_is_read_again_from_where_it_lies(kafka: Kafka) -> None:
    value = os.urandom(3 * KEPT_VALUE_BYTES)
    letter = dead(kafka, topics.WEIGHTS, value)
    assert letter.value == value[:KEPT_VALUE_BYTES]
    found = original(kafka, letter)
    assert (found.data, found.whole) == (value, True)
    assert f"read again from {name(kafka, topics.WEIGHTS)} 0@0" in found.where


def test_a_record_that_is_gone_is_told_to_be_a_part(kafka: Kafka) -> None:
    letter = dead(kafka, topics.WEIGHTS, os.urandom(KEPT_VALUE_BYTES + 1))
    write(kafka, topics.WEIGHTS, b"the next")
    forget(kafka, topics.WEIGHTS, before=1)
    found = original(kafka, letter)
    assert (found.data, found.whole) == (letter.value, False)
    assert found.where.endswith(f"{name(kafka, topics.WEIGHTS)} 0@0 no longer exists")


def test_another_record_in_its_place_is_not_taken_for_it(kafka: Kafka) -> None:
    letter = dead(kafka, topics.WEIGHTS, os.urandom(KEPT_VALUE_BYTES + 1))
    found = original(kafka, replace(letter, sha256="0" * 64))
    assert (found.data, found.whole) == (letter.value, False)
    assert "now holds another record" in found.where


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({"partition": -1, "offset": -1}, "never published"),
        ({"topic": "nothing.like.this"}, "there is no topic nothing.like.this"),
        ({"topic": "not a topic's name!"}, "cannot be read"),
        ({"partition": 12}, "no longer exists"),
    ],
)
def test_a_place_that_is_none_leaves_what_is_kept(kafka: Kafka, place: dict[str, int | str], words: str) -> None:
    letter = dead(kafka, topics.WEIGHTS, os.urandom(KEPT_VALUE_BYTES + 1))
    found = original(kafka, replace(letter, **place))
    assert (found.data, found.whole) == (letter.value, False)
    assert words in found.where


def test_a_record_that_can_be_read_by_now_says_what_it_says(kafka: Kafka) -> None:
    step = TrainingStep("pilot", 7, now(), 0.5, {"steering": 0.5}, {"steering": 0.1}, 0.001, 1.5, {"steering": 3}, 9)
    letter = dead(kafka, topics.TRAINING, codec.encode(step))
    assert dead_letter_reader.event(kafka, letter, letter.value) == step
    with pytest.raises(Unreadable, match="does not contain events"):
        dead_letter_reader.event(kafka, replace(letter, topic="elsewhere"), letter.value)
    with pytest.raises(Unreadable, match="not a TrainingStep"):
        dead_letter_reader.event(kafka, letter, letter.value[:-1])
