"""Whatever becomes of a recorder and of what it reads: no gap but one that it tells, and no repeat."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from charles import topics
from charles.kafka import topic_admin
from charles.recordings.format.manifest import Manifest
from charles.settings import Kafka
from infra.kafka.broker import LocalBroker
from tests.consumers.recorder.told import count, delete_up_to, in_recording, in_topics, recorded, send, writers
from tests.kafka_tools import kill
from tests.logged import until
from tests.programs import give, heard, running

RAW = (topics.FRAMES, topics.CONTROLS)
KILLS = 10


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_without_a_gap_or_a_repeat(kafka: Kafka, tmp_path: Path) -> None:
    folder, chance, seen = tmp_path / "monday", random.Random(7), []
    section = {"recording": str(folder), "begin": "beginning"}
    with writers(kafka):
        for number in range(KILLS):
            before = recorded(folder)
            with running("record", kafka, recorder=section) as process:
                if number % 3:
                    until(lambda: recorded(folder) > before)  # noqa: B023
                    time.sleep(chance.uniform(0, 0.7))
                else:
                    time.sleep(chance.uniform(0.5, 3))  # while it starts, or goes on with what is there
                process.kill()
            seen.append(recorded(folder))
    assert seen == sorted(seen)
    assert len({*seen}) > KILLS / 2
    assert Manifest.load(folder).state == "recording"
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
        "controls 1: retention deleted the offsets 30 to 41 before they were recorded: up to 12 records are lost"
    )


@pytest.mark.slow
def test_it_goes_on_when_the_broker_comes_back(own_broker: LocalBroker, tmp_path: Path) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False))
    topic_admin.ensure(kafka)
    folder = tmp_path / "r"
    with running("record", kafka, recorder={"recording": str(folder), "begin": "beginning"}):
        send(kafka, topics.CONTROLS, 50)
        until(lambda: recorded(folder) == 50)
        kill(own_broker)
        time.sleep(6)  # it looks around meanwhile
        own_broker.start(detached=False)
        send(kafka, topics.CONTROLS, 50, first=50)
        until(lambda: recorded(folder) == 100)
    assert in_recording(folder) == in_topics(kafka, topics.CONTROLS)
    assert Manifest.load(folder).notes == []


def test_a_gap_is_told_once_also_while_nothing_comes_after_it_and_after_a_pause(kafka: Kafka, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    section = {"recording": str(folder), "begin": "beginning", "topics": ["controls"]}
    send(kafka, topics.CONTROLS, 10, partition=1)
    delete_up_to(kafka, topics.CONTROLS, 1, 2)  # before it begins: no gap
    with running("record", kafka, recorder=section):
        until(lambda: recorded(folder) == 8)
        give(kafka, "recorder", "pause")
        heard(kafka, lambda status: status.state == "paused")
        send(kafka, topics.CONTROLS, 10, first=10, partition=1)
        delete_up_to(kafka, topics.CONTROLS, 1, 20)
        for _ in range(2):
            give(kafka, "recorder", "resume")
            heard(kafka, lambda status: status.state == "running" and status.figures["lost_offsets"], from_now=True)
            give(kafka, "recorder", "pause")
            heard(kafka, lambda status: status.state == "paused", from_now=True)
        give(kafka, "recorder", "reload")  # as a restart
        heard(kafka, lambda status: status.state == "paused" and not status.figures.get("lost_offsets"), from_now=True)
        give(kafka, "recorder", "resume")
        send(kafka, topics.CONTROLS, 5, first=20, partition=1)
        until(lambda: recorded(folder) == 13)
    assert [row[0] for row in in_recording(folder)["controls", 1]] == [*range(2, 10), *range(20, 25)]
    (note,) = Manifest.load(folder).notes
    assert note.endswith("the offsets 10 to 19 before they were recorded: up to 10 records are lost")
