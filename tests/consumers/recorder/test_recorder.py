"""The recorder between a real broker and a folder."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import NewPartitions

from benchmarks.drive import control
from charles import topics
from charles.avro import codec
from charles.events import Control
from charles.kafka import topic_admin
from charles.kafka.clients import admin, consumer, name
from charles.kafka.publisher import Publisher
from charles.recordings.format.manifest import Manifest
from charles.recordings.format.reader import Recording
from charles.recordings.inspect.verify import verify
from charles.settings import Kafka
from tests.consumers.recorder.told import in_recording, in_topics, recorded, send
from tests.logged import until
from tests.metrics.pages import page
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.programs import configure, give, heard, running

RAW = (topics.FRAMES, topics.CONTROLS)


def test_what_topics_hold_and_what_comes_is_recorded_to_the_byte(kafka: Kafka, tmp_path: Path) -> None:
    folder = tmp_path / "monday"
    for topic in (*RAW, topics.TRAINING):
        send(kafka, topic, 60)
    with running("record", kafka, recorder={"recording": str(folder), "begin": "beginning"}):
        until(lambda: recorded(folder) == 180)
        send(kafka, topics.BALANCED, 20)  # the end waits for these
    assert in_recording(folder) == in_topics(kafka, *RAW, topics.TRAINING, topics.BALANCED)
    assert Manifest.load(folder).state == "complete"
    assert not [problem for problem in verify(Recording.open(folder)).problems if "value" not in problem.reason]


def test_it_begins_now_or_at_a_time(kafka: Kafka, tmp_path: Path) -> None:
    send(kafka, topics.CONTROLS, 90, partition=0)  # 33 ms apart by their timestamps
    stamps = [row[2] for row in in_topics(kafka, topics.CONTROLS)["controls", 0]]
    since = datetime.fromtimestamp(stamps[40] / 1000, UTC).isoformat()
    for begin, first in (("now", 90), (since, 40), ("beginning", 0), ("3s ago", 90)):
        folder = tmp_path / f"r{first}"
        section = {"recording": str(folder), "begin": begin, "topics": ["controls"]}
        with running("record", kafka, recorder=section) as process:
            until(lambda: (folder / "manifest.json").exists())  # noqa: B023
            if begin == "now":
                process.kill()  # it knows all the same where it began
                process.wait()
        assert Manifest.load(folder).topics["controls"].start_offsets[0] == first
        assert recorded(folder) == 90 - first
    send(kafka, topics.CONTROLS, 5, first=90, partition=0)
    with running("record", kafka, recorder={"recording": str(tmp_path / "r90"), "begin": "beginning"}):
        until(lambda: recorded(tmp_path / "r90") == 5)


def test_it_ends_when_its_time_is_over(kafka: Kafka, tmp_path: Path) -> None:
    section = {"recording": str(tmp_path / "r"), "duration": "1s"}
    with running("record", kafka, recorder=section) as process:
        assert process.wait(PATIENCE_S) == 0
    assert Manifest.load(tmp_path / "r").state == "complete"


@pytest.mark.slow
def test_partitions_that_are_added_are_recorded_too(kafka: Kafka, tmp_path: Path) -> None:
    folder, full = tmp_path / "r", name(kafka, topics.TRAINING)
    section = {"recording": str(folder), "topics": ["training"]}

    def add(partitions: int) -> None:
        client = admin(kafka)
        topic_admin.resolve(client.create_partitions([NewPartitions(full, partitions)]))
        until(lambda: topic_admin.partition_counts(client)[full] == partitions)
        send(kafka, topics.TRAINING, 10, partition=partitions - 1)

    with running("record", kafka, recorder=section) as process:
        until(lambda: (folder / "manifest.json").exists())
        add(2)
        until(lambda: recorded(folder) == 10)
        process.kill()
    add(4)
    with running("record", kafka, recorder=section):
        until(lambda: recorded(folder) == 20)
    assert in_recording(folder) == in_topics(kafka, topics.TRAINING)
    assert Manifest.load(folder).topics["training"].partitions == 4


def test_it_rests_while_it_is_paused_and_misses_nothing(kafka: Kafka, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with running("record", kafka, recorder={"recording": str(folder), "topics": ["controls"]}):
        until(lambda: (folder / "manifest.json").exists())
        send(kafka, topics.CONTROLS, 20)
        until(lambda: recorded(folder) == 20)
        give(kafka, "recorder", "pause")
        heard(kafka, lambda status: status.state == "paused")
        send(kafka, topics.CONTROLS, 20, first=20)
        heard(kafka, lambda status: status.state == "paused", from_now=True)
        assert recorded(folder) == 20
        give(kafka, "recorder-1", "resume")
        until(lambda: recorded(folder) == 40)
        give(kafka, "recorder", "reload")
        send(kafka, topics.CONTROLS, 20, first=40)
        until(lambda: recorded(folder) == 60)
    assert in_recording(folder) == in_topics(kafka, topics.CONTROLS)


def test_everybody_sees_how_far_it_is(kafka: Kafka, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    section = {"recording": str(folder), "topics": ["controls"], "begin": "beginning"}
    send(kafka, topics.CONTROLS, 40, partition=3)
    port = free_port()
    with running("record", kafka, recorder=section, metrics={"port": port}):
        status = heard(kafka, lambda status: status.figures.get("records") == 40)
        text = page(f"127.0.0.1:{port}")
        assert (status.program, status.instance, status.lag) == ("recorder", "recorder-1", 0)
        assert status.note == f"recording to {folder}"
    assert 'charles_recorder_records_total{topic="controls"} 40.0' in text
    assert "charles_recorder_unread_records 0.0" in text
    assert re.search(r"charles_recorder_disk_free_bytes [1-9]", text)
    [place] = consumer(kafka, "recorder-recorder-1").committed(
        [TopicPartition(name(kafka, topics.CONTROLS), 3)], timeout=10
    )
    assert place.offset == 40


def test_what_explains_the_values_is_in_the_manifest(kafka: Kafka, tmp_path: Path) -> None:
    folder, first = tmp_path / "r", configure(kafka, {"balance": {"bins": 11}})
    publisher = Publisher(kafka, Control)
    with running("record", kafka, recorder={"recording": str(folder)}):
        until(lambda: (folder / "manifest.json").exists())
        publisher.send(topics.CONTROLS, control("collector-1", 0), "collector-1")
        assert publisher.flush() == 0
        until(lambda: Manifest.load(folder).schemas)
        second = configure(kafka, {"balance": {"bins": 13}})
        until(lambda: len(Manifest.load(folder).configs) == 3)
    manifest = Manifest.load(folder)
    assert manifest.schemas == {codec.own_fingerprint(Control).hex(): plain(codec.schema(Control))}
    assert [each.epoch for each in manifest.configs] == [-1, first.number, second.number]
    assert [each.document["balance"]["bins"] for each in manifest.configs] == [21, 11, 13]
    assert verify(Recording.open(folder)).ok


def plain(schema: codec.AvroSchema) -> codec.AvroSchema:
    return {key: value for key, value in schema.items() if not key.startswith("__")}


def test_without_a_name_it_goes_on_with_what_was_killed_and_then_begins_another(kafka: Kafka, tmp_path: Path) -> None:
    recordings = {"folder": tmp_path}
    for kills in (1, 2):
        with running("record", kafka, recordings=recordings) as process:
            until(lambda: [*tmp_path.glob("*/manifest.json")])
            heard(kafka, lambda status: status.state == "running", from_now=True)
            process.kill()
        assert len([*tmp_path.iterdir()]) == 1, kills
    with running("record", kafka, recordings=recordings):
        heard(kafka, lambda status: status.state == "running", from_now=True)
    (only,) = tmp_path.iterdir()
    assert Manifest.load(only).state == "complete"
    time.sleep(1)  # names are seconds
    with running("record", kafka, recordings=recordings):
        until(lambda: len([*tmp_path.glob("*/manifest.json")]) == 2)


def test_topics_that_are_asked_for_later_are_recorded_from_then_on(kafka: Kafka, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    send(kafka, topics.CONTROLS, 10, partition=0)
    send(kafka, topics.TRAINING, 10, partition=0)
    with running(
        "record", kafka, recorder={"recording": str(folder), "topics": ["training"], "begin": "beginning"}
    ) as process:
        until(lambda: recorded(folder) == 10)
        process.kill()
    with running("record", kafka, recorder={"recording": str(folder), "topics": ["controls"]}):
        until(lambda: "controls" in Manifest.load(folder).topics)
        for topic in (topics.CONTROLS, topics.TRAINING):
            send(kafka, topic, 5, first=10, partition=0)
    assert {place: len(rows) for place, rows in in_recording(folder).items()} == {
        ("training", 0): 15,
        ("controls", 0): 5,
    }
