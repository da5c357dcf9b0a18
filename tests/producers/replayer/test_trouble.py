"""What goes wrong while it is replayed: nothing is lost silently."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from charles import topics
from charles.avro import codec
from charles.events import Frame
from charles.kafka.topic_admin import WrongTopics
from charles.recordings.format.manifest import TopicInfo
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import Record
from charles.recordings.format.writer import RecordingWriter
from charles.settings import Kafka, Replayer, Settings
from infra.kafka.broker import LocalBroker
from producers import replayer
from producers.replayer.replay import CutShort
from tests import schema_registry
from tests.kafka_tools import kill
from tests.producers.replayer.conftest import Replay
from tests.producers.replayer.driven import ALL, BEGAN_MS, drive, frame, recorded, recording, there
from tests.producers.replayer.processes import Start, ended, held, rests, until


def test_a_record_that_the_topic_does_not_take_ends_it(tmp_path: Path, target: Kafka, replay: Replay) -> None:
    rows = [Record(number, BEGAN_MS + number, 1, b"k", b"value", ()) for number in range(20)]
    rows[10] = Record(10, BEGAN_MS + 10, 1, b"k", bytes(3_000_000), ())
    source = recording(tmp_path / "large", [("controls", 1, row) for row in rows])
    with pytest.raises(CutShort, match=r"partition 1 of .*\.controls refuses records: .*too large.*; replayed up to "):
        replay(source)
    written = there(target, topics.CONTROLS)[1]
    assert written == recorded(source, topics.CONTROLS)[1][: len(written)]


def test_a_recording_that_nobody_finished_is_replayed_as_far_as_it_goes(
    tmp_path: Path, target: Kafka, replay: Replay
) -> None:
    found = {"frames": TopicInfo(partitions=3), "controls": TopicInfo(partitions=3)}
    with RecordingWriter.create(tmp_path / "killed", "charles", found) as writer:
        for topic, partition, record in drive(20):
            if topic in found:
                writer.append(topic, partition, record)
    source = Recording.open(tmp_path / "killed")
    segment = source.folder / "frames" / "2" / f"{0:020d}.avro"
    whole = segment.read_bytes()
    segment.write_bytes(whole + whole[-40:-20])  # torn
    replay(source)
    for topic in ALL[:2]:
        assert there(target, topic) == recorded(source, topic)
    assert len(there(target, topics.FRAMES)[2]) == 20


@pytest.mark.slow
def test_while_the_broker_is_away_it_waits(own_broker: LocalBroker, tmp_path: Path, start: Start) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False), prefix="charles-replay")
    source = recording(tmp_path / "monday", list(drive(900)))
    process = start(source, "--speed", "4", kafka=kafka)
    until(lambda: held(kafka) > 100)
    kill(own_broker)
    own_broker.start(detached=False)
    code, out, err = ended(process)
    assert "controls 1,800" in out
    twice = {topic.name: told(err, f"{kafka.prefix}.{topic.name}") for topic in ALL}
    for topic in ALL:
        found, wanted = there(kafka, topic), recorded(source, topic)
        assert {partition: once(records) for partition, records in found.items()} == wanted
        assert sum(map(len, found.values())) - sum(map(len, wanted.values())) == twice[topic.name]
    assert code == (1 if any(twice.values()) else 0), err


def told(err: str, full: str) -> int:
    """How many records of a topic are said to stand twice."""
    found = re.search(rf"{full} has (\d+) more records than were sent", err)
    return int(found[1]) if found else 0


def once(records: list[Record]) -> list[Record]:
    """Each record where it stands first."""
    found: list[Record] = []
    for record in records:
        if record not in found[-1000:]:
            found.append(record)
    return found


@pytest.mark.slow
def test_a_broker_that_stays_away_does_not_hold_up_the_end(
    own_broker: LocalBroker, tmp_path: Path, start: Start
) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False), prefix="charles-replay")
    process = start(recording(tmp_path / "monday", list(drive(900))), kafka=kafka)
    until(lambda: held(kafka) > 20)
    kill(own_broker)
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert code == (1 if "not acknowledged" in err or "cannot check" in err else 0)
    assert "add --resume to the same command to continue from there" in out


@pytest.mark.slow
def test_where_nobody_can_tell_whether_records_stand_twice_it_says_so(
    own_broker: LocalBroker, tmp_path: Path, start: Start
) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False), prefix="charles-replay")
    said = tmp_path / "said"
    with said.open("w") as errors:
        source = recording(tmp_path / "monday", list(drive(900)))
        process = start(source, "--speed", "0.001", kafka=kafka, stderr=errors)
    until(lambda: held(kafka) > 0 and rests(kafka))
    kill(own_broker)
    until(lambda: "no broker answers" in said.read_text())
    process.send_signal(signal.SIGINT)
    code, out, _ = ended(process)
    assert code == 1
    assert "cannot check charles-replay.* for duplicate records" in said.read_text()
    assert "controls 2" in out
    assert "add --resume to the same command to continue from there" in out


def numbered(folder: Path, number: int) -> Recording:
    """A recording of a value that names a schema of a schema registry."""
    value = codec.CONFLUENT + number.to_bytes(4, "big") + codec.encode(frame("garage", "r1", 0))[10:]
    with RecordingWriter.create(folder, "charles", {"frames": TopicInfo(partitions=1)}) as writer:
        writer.add_schema(number.to_bytes(4, "big"), codec.schema(Frame))
        writer.append("frames", 0, Record(0, BEGAN_MS, 1, b"garage", value, ()))
        writer.finish()
    return Recording.open(folder)


def test_values_of_a_schema_registry_without_one_are_told(
    tmp_path: Path, target: Kafka, replay: Replay, caplog: pytest.LogCaptureFixture
) -> None:
    replay(numbered(tmp_path / "numbered", 7))
    assert "values refer to schemas 7 of a schema registry: consumers need kafka.schema_registry_url" in caplog.text
    assert len(there(target, topics.FRAMES)[0]) == 1


@pytest.mark.slow
def test_a_schema_registry_must_mean_the_same_by_its_numbers(tmp_path: Path, target: Kafka) -> None:
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

    with schema_registry.running() as url:
        text = '{"type": "record", "name": "Other", "fields": []}'
        other = SchemaRegistryClient({"url": url}).register_schema("other", Schema(text, "AVRO"))
        text = (Path(__file__).parents[3] / "schemas" / "Frame.avsc").read_text(encoding="utf-8")
        same = SchemaRegistryClient({"url": url}).register_schema("same", Schema(text, "AVRO"))
        kafka = target.model_copy(update={"schema_registry_url": url})
        for number, has in ((other, "a different one"), (9_999, "none")):
            options = Replayer(recording=numbered(tmp_path / f"of-{number}", number).folder, prefix=target.prefix)
            with pytest.raises(WrongTopics, match=f"values refer to schema {number} .* has {has}: use"):
                replayer.main(Settings(kafka=kafka, replayer=options))
        assert not there(target, topics.FRAMES)
        options = Replayer(recording=numbered(tmp_path / "same", same).folder, prefix=target.prefix)
        assert replayer.main(Settings(kafka=kafka, replayer=options)).records == {"frames": 1}
