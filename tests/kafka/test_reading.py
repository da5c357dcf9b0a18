"""What a consumer was given, and topics read to their end, through a real broker."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest
from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicPartition

from charles import topics
from charles.kafka.clients import admin, consumer, group, name, producer
from charles.kafka.errors import AccessRefused
from charles.kafka.outage_log import OutageLog
from charles.kafka.process_state import process
from charles.kafka.reading import NoTopic, OffsetSpan, read_spans, read_to_end, records, spans
from charles.kafka.topic_admin import resolve
from charles.settings import Kafka
from charles.topics import Topic
from tests.ports import free_port


def write(kafka: Kafka, topic: Topic, values: Iterable[str], partition: int = 0) -> None:
    teller = producer(kafka)
    for value in values:
        teller.produce(name(kafka, topic), value=value, partition=partition)
    assert teller.flush(10) == 0


def transactional(kafka: Kafka, **properties: str) -> Producer:
    teller = producer(kafka, **{"transactional.id": group(kafka, "test"), **properties})
    teller.init_transactions(10)
    return teller


def values(kafka: Kafka, topic: Topic, **where: int | list[int]) -> list[str]:
    found = read_to_end(kafka, name(kafka, topic), **where)  # type: ignore[arg-type]
    return [(message.value() or b"").decode() for message in found]


def given(code: int | None = None, value: bytes = b"", partition: int = 0) -> Message:
    """What a consumer may be given: a record, or an error in its place."""
    error = None if code is None else KafkaError(code, "why")
    return Message("charles.status", partition, 0, None, value, None, error)


def test_records_come_in_their_order_and_ends_are_told() -> None:
    ends: list[int | None] = []
    end = given(KafkaError._PARTITION_EOF, partition=3)
    found = records([given(value=b"1"), end, given(value=b"2")], lambda message: ends.append(message.partition()))
    assert [message.value() for message in found] == [b"1", b"2"]
    assert ends == [3]
    assert list(records([end])) == []


@pytest.mark.parametrize(
    "code",
    [
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    ],
)
def test_what_may_not_be_read_is_an_error_that_names_the_topic(code: int) -> None:
    found = records([given(value=b"1"), given(code)])
    assert next(found).value() == b"1"
    with pytest.raises(AccessRefused, match=r"does not allow this user to read charles\.status; `charles acls`"):
        next(found)


def test_what_the_client_calls_fatal_ends_the_reading() -> None:
    with pytest.raises(KafkaException):
        list(records([given(KafkaError._FATAL)]))


def test_other_errors_are_logged_once_a_minute_with_how_many_there_were(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(process, "outages", log := OutageLog())
    loading = given(KafkaError.COORDINATOR_LOAD_IN_PROGRESS)
    assert [message.value() for message in records([loading, loading, loading, given(value=b"1")])] == [b"1"]
    log._next.clear()
    assert list(records([loading])) == []
    words = "reading charles.status 0: why"
    assert [record.getMessage() for record in caplog.records] == [words, f"{words} (and 2 times before)"]


def test_an_offset_that_the_log_does_not_have_is_told_to_whom_it_concerns() -> None:
    strayed: list[Message] = []
    lost = given(KafkaError._AUTO_OFFSET_RESET)
    assert list(records([lost, lost], out_of_range=strayed.append)) == []
    assert len(strayed) == 2


def test_every_partition_is_read_in_its_order(kafka: Kafka) -> None:
    for partition in (0, 3, 5):
        write(kafka, topics.CONTROLS, [f"{partition}/{n}" for n in range(500)], partition)
    found = values(kafka, topics.CONTROLS)
    assert len(found) == 1500
    for partition in (0, 3, 5):
        own = [value for value in found if value.startswith(f"{partition}/")]
        assert own == [f"{partition}/{n}" for n in range(500)]
    assert values(kafka, topics.CONTROLS, partitions=[3], start=497) == ["3/497", "3/498", "3/499"]
    assert sorted(values(kafka, topics.CONTROLS, start=-1)) == ["0/499", "3/499", "5/499"]
    assert values(kafka, topics.CONTROLS, partitions=[0], start=-1000) == [f"0/{n}" for n in range(500)]


def test_an_empty_topic_and_one_that_is_read_from_its_end_give_nothing(kafka: Kafka) -> None:
    assert values(kafka, topics.TRAINING) == []
    write(kafka, topics.TRAINING, "abc")
    assert values(kafka, topics.TRAINING, start=3) == []
    assert values(kafka, topics.TRAINING, start=1000) == []


def test_what_was_aborted_or_is_not_committed_yet_is_not_there(kafka: Kafka) -> None:
    full = name(kafka, topics.BALANCED)
    teller = transactional(kafka)
    for value, end in (("kept", teller.commit_transaction), ("aborted", teller.abort_transaction)):
        teller.begin_transaction()
        teller.produce(full, value=value)
        teller.flush(10)
        end()
    assert values(kafka, topics.BALANCED) == ["kept"]
    assert spans(kafka, full) == {0: OffsetSpan(0, 4)}

    teller.begin_transaction()
    teller.produce(full, value="open")
    teller.flush(10)
    assert values(kafka, topics.BALANCED) == ["kept"]
    assert spans(kafka, full) == {0: OffsetSpan(0, 4)}
    teller.commit_transaction()
    assert values(kafka, topics.BALANCED) == ["kept", "open"]


def test_who_waits_reads_what_was_open_and_nobody_waits_for_ever(kafka: Kafka) -> None:
    full, teller = name(kafka, topics.BALANCED), transactional(kafka)
    teller.begin_transaction()
    teller.produce(full, value="open")
    teller.flush(10)
    reader = consumer(kafka, "test", **{"enable.partition.eof": True, "fetch.wait.max.ms": 20})
    span = {0: OffsetSpan(0, 1)}
    assert list(read_spans(reader, full, span, 10)) == []
    with pytest.raises(TimeoutError, match=f"{full} could not be read"):
        list(read_spans(reader, full, span, 0.5, waits=True))
    ending = threading.Timer(0.5, teller.commit_transaction)
    ending.start()
    assert [message.value() for message in read_spans(reader, full, span, 10, waits=True)] == [b"open"]
    ending.join()
    reader.close()


def test_what_is_written_during_the_reading_does_not_keep_it_from_ending(kafka: Kafka) -> None:
    write(kafka, topics.FRAMES, (str(n) for n in range(20)))
    write(kafka, topics.FRAMES, ["later"], partition=1)
    reading = read_to_end(kafka, name(kafka, topics.FRAMES))
    first = next(reading)
    stop = threading.Event()

    def go_on() -> None:
        teller = producer(kafka, **{"linger.ms": 0})
        while not stop.wait(0.001):
            for partition in range(6):
                teller.produce(name(kafka, topics.FRAMES), value="new", partition=partition)
        teller.flush(10)

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        found = [first, *reading]
    finally:
        stop.set()
        writer.join()
    assert sorted((message.value() or b"").decode() for message in found) == sorted([*map(str, range(20)), "later"])


def test_a_topic_that_is_not_there_is_named(kafka: Kafka) -> None:
    with pytest.raises(NoTopic) as error:
        list(read_to_end(kafka, f"{kafka.prefix}.nothing"))
    assert f"there is no topic {kafka.prefix}.nothing" in error.value.args[0].str()


def test_a_broker_that_is_away_is_a_timeout_that_says_where() -> None:
    nobody = Kafka(bootstrap_servers=f"127.0.0.1:{free_port()}")
    with pytest.raises(TimeoutError, match=f"charles.training could not be read from {nobody.bootstrap_servers}"):
        list(read_to_end(nobody, name(nobody, topics.TRAINING), patience_s=0.5))


def test_what_retention_has_passed_is_skipped(kafka: Kafka) -> None:
    write(kafka, topics.DRIVING, "abcde")
    full = name(kafka, topics.DRIVING)
    client = admin(kafka)
    resolve(client.delete_records([TopicPartition(full, 0, 3)]))
    assert values(kafka, topics.DRIVING) == ["d", "e"]
    assert spans(kafka, full) == {0: OffsetSpan(3, 5)}
