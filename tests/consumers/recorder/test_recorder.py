"""The recorder between a real broker and a folder."""

from __future__ import annotations

import random
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import NewPartitions

from benchmarks.drive import control
from charles import codec, topic_admin, topics
from charles.events import Control
from charles.kafka import Publisher, admin, consumer, name
from charles.recordings.manifest import Manifest, TopicInfo
from charles.recordings.recording import Recording
from charles.recordings.verify import verify
from charles.recordings.writing import RecordingWriter
from charles.settings import Kafka
from tests.consumers.recorder.told import Rows, delete_up_to, in_recording, in_topics, send, writers
from tests.logged import until
from tests.programs import configure, give, heard, running

RAW = (topics.FRAMES, topics.CONTROLS)
KILLS = 10


def count(rows: Rows) -> int:
    return sum(map(len, rows.values()))


def recorded(folder: Path) -> int:
    return count(in_recording(folder)) if (folder / "manifest.json").exists() else 0


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


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_without_a_gap_or_a_repeat(kafka: Kafka, tmp_path: Path) -> None:
    folder, chance, seen = tmp_path / "monday", random.Random(7), []
    section = {"recording": str(folder), "begin": "beginning"}
    with writers(kafka):
        for _ in range(KILLS):
            before = recorded(folder)
            with running("record", kafka, recorder=section) as process:
                until(lambda: recorded(folder) > before)  # noqa: B023
                time.sleep(chance.uniform(0, 0.7))
                process.kill()
            assert Manifest.load(folder).state == "recording"
            seen.append(recorded(folder))
    assert seen == sorted(set(seen))
    with running("record", kafka, recorder=section):
        until(lambda: recorded(folder) > seen[-1])
    expected = in_topics(kafka, *RAW, topics.BALANCED)
    assert in_recording(folder) == expected
    assert count(expected) > 1_000
    assert Manifest.load(folder).state == "complete"


def test_a_torn_end_is_cut_off_and_read_again(kafka: Kafka, tmp_path: Path) -> None:
    folder = tmp_path / "monday"
    section = {"recording": str(folder), "begin": "beginning", "topics": ["controls"]}
    send(kafka, topics.CONTROLS, 50, partition=2)
    with running("record", kafka, recorder=section) as process:
        until(lambda: recorded(folder) == 50)
        process.kill()
    (segment,) = (folder / "controls" / "2").glob("*.avro")
    with segment.open("r+b") as file:
        file.truncate(segment.stat().st_size - 7)
    with running("record", kafka, recorder=section):
        until(lambda: recorded(folder) == 50)
    assert in_recording(folder) == in_topics(kafka, topics.CONTROLS)
    (note,) = Manifest.load(folder).notes
    assert "bytes cut off at byte" in note


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
        assert process.wait(60) == 0
    assert Manifest.load(tmp_path / "r").state == "complete"


def test_what_retention_takes_before_it_is_read_is_told(kafka: Kafka, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    section = {"recording": str(folder), "begin": "beginning", "topics": ["controls"]}
    send(kafka, topics.CONTROLS, 30, partition=1)
    with running("record", kafka, recorder=section) as process:
        until(lambda: recorded(folder) == 30)
        process.kill()
    send(kafka, topics.CONTROLS, 30, first=30, partition=1)
    delete_up_to(kafka, topics.CONTROLS, 1, 42)
    with running("record", kafka, recorder=section):
        until(lambda: recorded(folder) == 48)
        status = heard(kafka, lambda status: status.figures.get("lost_offsets"))
        assert "12 offsets lost to retention" in status.note
        delete_up_to(kafka, topics.CONTROLS, 1, 60)  # of these nothing is lost
        send(kafka, topics.CONTROLS, 5, first=60, partition=1)
    offsets = [row[0] for row in in_recording(folder)["controls", 1]]
    assert offsets == [*range(30), *range(42, 65)]
    (note,) = Manifest.load(folder).notes
    assert note.endswith(
        "controls 1: retention deleted the offsets 30 to 41 before they were recorded: 12 at most are lost"
    )


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
    with running("record", kafka, recorder=section):
        status = heard(kafka, lambda status: status.figures.get("records") == 40)
        assert (status.program, status.instance, status.lag) == ("recorder", "recorder-1", 0)
        assert status.note == f"records into {folder}"
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


@pytest.mark.parametrize("why", ["complete", "taken", "another topic", "another prefix", "no such topic", "no time"])
def test_what_cannot_be_recorded_is_refused_in_one_line(
    kafka: Kafka, tmp_path: Path, capfd: pytest.CaptureFixture[str], why: str
) -> None:
    folder = tmp_path / "r"
    section = {"recording": str(folder), "topics": ["controls"]}
    if why in ("complete", "taken", "another topic", "another prefix"):
        info = TopicInfo(partitions=6, id="of another one" if why == "another topic" else "")
        prefix = "other" if why == "another prefix" else kafka.prefix
        with RecordingWriter.create(folder, prefix, {"controls": info}) as writer:
            if why == "complete":
                writer.finish()
    section |= {"topics": ["contrails"]} if why == "no such topic" else {}
    section |= {"begin": "noon"} if why == "no time" else {}
    holds = RecordingWriter.resume(folder) if why == "taken" else nullcontext()
    with holds, running("record", kafka, recorder=section, ends_with=1) as process:
        process.wait(60)
    says = {
        "complete": f"{folder} is complete, nothing is added to it: name another recording",
        "taken": f"another program writes to {folder}: stop it first",
        "another topic": f"{kafka.prefix}.controls is not the topic that {folder} holds",
        "another prefix": f"{folder} is of the topics other.*, not of {kafka.prefix}.*",
        "no such topic": "there is no topic 'contrails'; there are frames, controls",
        "no time": "recorder.begin: 'noon' is none of now, beginning, a time",
    }
    assert says[why] in capfd.readouterr().err.splitlines()[-1]
