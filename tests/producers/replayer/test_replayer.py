"""What is replayed is what was recorded."""

from __future__ import annotations

import logging
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from charles import topics
from charles.avro import codec
from charles.events import Control, Frame, Sample
from charles.kafka import topic_admin
from charles.kafka.clients import name
from charles.kafka.schemas import SchemaStore
from charles.kafka.topic_admin import WrongTopics
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import Record
from charles.settings import Kafka
from producers.replayer.replay import CutShort
from tests.kafka_tools import events
from tests.patience import PATIENCE_S
from tests.producers.replayer.conftest import Replay
from tests.producers.replayer.driven import ALL, BEGAN, BEGAN_MS, drive, recorded, recording, there, without_offset
from tests.recordings.made import Placed


def test_what_is_replayed_is_what_was_recorded_to_the_byte(source: Recording, target: Kafka, replay: Replay) -> None:
    outcome = replay(source)
    for topic in ALL:
        assert there(target, topic) == recorded(source, topic)
        assert outcome.records[topic.name] == sum(map(len, recorded(source, topic).values()))
    assert (outcome.complete, outcome.undelivered, outcome.late) == (True, 0, 0)
    assert outcome.position_ms == BEGAN_MS + 59 * 33


@pytest.mark.skipif(shutil.which("kcat") is None, reason="there is no kcat here")
def test_kcat_reads_the_same(source: Recording, target: Kafka, replay: Replay) -> None:
    replay(source)
    for topic in (topics.FRAMES, topics.CONTROLS, topics.BALANCED):
        command = ["kcat", "-b", target.bootstrap_servers, "-t", name(target, topic), "-C", "-e", "-q"]
        told = subprocess.run([*command, "-f", "%p %T %K %S %h\n"], capture_output=True, check=True, timeout=PATIENCE_S)
        rows = sorted(line for line in told.stdout.split(b"\n") if line)
        assert rows == sorted(
            _as_kcat(partition, record) for partition, records in recorded(source, topic).items() for record in records
        )


def _as_kcat(partition: int, record: Record) -> bytes:
    sizes = [-1 if part is None else len(part) for part in (record.key, record.value)]
    headers = b",".join(key.encode() + b"=" + (b"NULL" if value is None else value) for key, value in record.headers)
    return f"{partition} {record.timestamp} {sizes[0]} {sizes[1]} ".encode() + headers


def test_topics_are_made_with_the_recorded_partitions_and_schemas_announced(
    source: Recording, target: Kafka, replay: Replay
) -> None:
    replay(source)
    assert set(there(target, topics.FRAMES)) == {0, 1, 2}
    keys = {record.key for records in there(target, topics.SCHEMAS).values() for record in records}
    assert {codec.own_fingerprint(event).hex().encode() for event in (Frame, Control, Sample)} <= keys


def test_new_runs_are_new_in_values_headers_and_keys_alike(source: Recording, target: Kafka, replay: Replay) -> None:
    outcome = replay(source, new_run=True)
    assert set(outcome.records) == {"frames", "controls", "balanced"}
    (suffix,) = {event.run.removeprefix("r1") for event in events_of(target)}
    assert suffix.startswith("-r")
    registry = SchemaStore(target)
    for topic in (topics.FRAMES, topics.CONTROLS, topics.BALANCED):
        for partition, records in there(target, topic).items():
            before = recorded(source, topic)[partition]
            assert len(records) == len(before)
            for record, old in zip(records, before, strict=True):
                assert record.timestamp == old.timestamp
                if old.moment is None:
                    continue
                event, was = registry.decode(topic.event, record.value), registry.decode(topic.event, old.value)
                assert record.moment == event.moment == (was.collector, was.run + suffix, was.tick)
                if isinstance(event, Sample):
                    assert event.set_id == was.set_id + suffix
                    assert record.key == event.set_id.encode()
                else:
                    assert record.key == old.key
                event.run = was.run
                if isinstance(event, Sample):
                    event.set_id = was.set_id
                assert event == was


def events_of(target: Kafka) -> list[Control]:
    return events(target, topics.CONTROLS, Control)


def test_the_recorded_order_is_kept_across_topics(source: Recording, target: Kafka, replay: Replay) -> None:
    """Timestamps of the writing say in which order it was written, as far as a millisecond tells."""
    outcome = replay(source, timestamps="now", speed="4", topics=["frames", "controls"])
    places = {(topic.name, number): iter(rows) for topic in ALL[:2] for number, rows in there(target, topic).items()}
    written = []
    for topic, partition, record in source.merged(["frames", "controls"]):
        there_is = next(places[topic, partition])
        assert (there_is.key, there_is.value, there_is.headers) == (record.key, record.value, record.headers)
        written.append(there_is.timestamp)
    assert written == sorted(written)
    assert written[-1] - written[0] >= 59 * 33 / 4 - 34
    assert len(written) == sum(outcome.records.values())


def test_a_part_of_it_can_be_replayed(source: Recording, target: Kafka, replay: Replay) -> None:
    replay(source, topics=["controls"], collectors=["attic"], since="+0.33s", until="+0.66s")
    (records,) = there(target, topics.CONTROLS).values()
    expected = [record for record in recorded(source, topics.CONTROLS)[2] if 330 <= record.timestamp - BEGAN_MS < 660]
    assert records == expected
    assert len(records) == 10
    assert not there(target, topics.FRAMES)


def test_the_first_millisecond_of_1970_becomes_the_second(tmp_path: Path, target: Kafka, replay: Replay) -> None:
    rows = [Record(number, number, 1, b"key", b"value", ()) for number in range(3)]
    replay(recording(tmp_path / "old", [("controls", 0, row) for row in rows]))
    assert [record.timestamp for record in there(target, topics.CONTROLS)[0]] == [1, 1, 2]


def test_topics_with_more_partitions_are_fine(source: Recording, target: Kafka, replay: Replay) -> None:
    topic_admin.ensure(target)
    replay(source)
    assert there(target, topics.FRAMES) == recorded(source, topics.FRAMES)


def test_topics_with_fewer_partitions_are_refused(source: Recording, target: Kafka, replay: Replay) -> None:
    topic_admin.ensure(target, {"frames": 2, "controls": 2})
    with pytest.raises(WrongTopics, match=r"frames has 2 partitions, but 3 were recorded: replay to another --prefix"):
        replay(source)
    assert not there(target, topics.CONTROLS)


def test_what_would_be_deleted_at_once_is_told_before(
    tmp_path: Path, target: Kafka, replay: Replay, caplog: pytest.LogCaptureFixture
) -> None:
    month_ms = 30 * 86_400_000
    placed = [(*place, replace(record, timestamp=record.timestamp - month_ms)) for *place, record in drive(60)]
    replay(recording(tmp_path / "a month ago", placed), topics=["training", "controls"])
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    (told,) = (words for words in warned if "retention.ms" in words)
    assert told.startswith(f"{name(target, topics.TRAINING)} keeps records for 7 d")


@pytest.mark.parametrize("at", ["partition 0 of frames", "partition 2 of controls"])
def test_a_recording_that_is_damaged_is_replayed_up_to_there(
    at: str, tmp_path: Path, target: Kafka, replay: Replay
) -> None:
    placed = list(drive(3000))
    source = recording(tmp_path / "monday", placed)
    _, partition, _, topic = at.split()
    segment = source.folder / topic / partition / f"{0:020d}.avro"
    data = bytearray(segment.read_bytes())
    data[len(data) * 3 // 4] ^= 0xFF
    # Within a value a flipped bit is nothing that reading can see; the marker behind a block is.
    sync = bytes(data[-16:])
    place = data.rindex(sync, 0, len(data) - 16)
    data[place] ^= 0xFF
    segment.write_bytes(data)
    with pytest.raises(CutShort) as told:
        replay(source, topics=["frames", "controls"])
    assert str(segment) in str(told.value)
    assert "is damaged at byte " in str(told.value)
    assert f"replayed up to {BEGAN:%Y-%m-%d}T20:0" in str(told.value)
    written = there(target, next(each for each in ALL if each.name == topic))[int(partition)]
    before = recorded_rows(placed, topic, int(partition))[: len(written)]
    assert 0 < len(written) < 3000
    assert written == before


def recorded_rows(placed: list[Placed], topic: str, partition: int) -> list[Record]:
    return [without_offset(record) for name_, number, record in placed if (name_, number) == (topic, partition)]
