"""What is replayed is what was recorded."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from charles import codec, topics
from charles.events import Control, Frame, Sample
from charles.kafka import name
from charles.recordings.record import Record
from charles.recordings.recording import Recording
from charles.registry import Registry
from charles.settings import Kafka, Replayer, Settings
from producers import replayer
from producers.replayer.report import Outcome
from tests.kafka_tools import events
from tests.producers.replayer.driven import ALL, BEGAN_MS, drive, odd, recorded, recording, there


@pytest.fixture
def target(broker: str) -> Kafka:
    """Where nothing is, not even topics."""
    return Kafka(bootstrap_servers=broker, prefix=f"t{uuid4().hex[:8]}")


@pytest.fixture
def source(tmp_path: Path) -> Recording:
    """Two collectors for 60 ticks, with oddities between them."""
    placed = list(drive(60))
    placed[100:100] = [("frames", 1, record) for record in odd(0)]
    placed += [("balanced", 0, record) for record in odd(1000)]
    return recording(tmp_path / "monday", placed)


def replay(source: Recording | Path, target: Kafka, **options: Any) -> Outcome:
    folder = source.folder if isinstance(source, Recording) else source
    options = {"prefix": target.prefix, "speed": "max"} | options
    return replayer.main(Settings(kafka=target, replayer=Replayer(recording=folder, **options)))


def test_what_is_replayed_is_what_was_recorded_to_the_byte(source: Recording, target: Kafka) -> None:
    outcome = replay(source, target)
    for topic in ALL:
        assert there(target, topic) == recorded(source, topic)
        assert outcome.records[topic.name] == sum(map(len, recorded(source, topic).values()))
    assert (outcome.complete, outcome.undelivered, outcome.late) == (True, 0, 0)
    assert outcome.position_ms == BEGAN_MS + 59 * 33


@pytest.mark.skipif(shutil.which("kcat") is None, reason="there is no kcat here")
def test_kcat_reads_the_same(source: Recording, target: Kafka) -> None:
    replay(source, target)
    for topic in (topics.FRAMES, topics.CONTROLS, topics.BALANCED):
        command = ["kcat", "-b", target.bootstrap_servers, "-t", name(target, topic), "-C", "-e", "-q"]
        told = subprocess.run([*command, "-f", "%p %T %K %S %h\n"], capture_output=True, check=True, timeout=60)
        rows = sorted(line for line in told.stdout.split(b"\n") if line)
        assert rows == sorted(
            _as_kcat(partition, record) for partition, records in recorded(source, topic).items() for record in records
        )


def _as_kcat(partition: int, record: Record) -> bytes:
    sizes = [-1 if part is None else len(part) for part in (record.key, record.value)]
    headers = b",".join(key.encode() + b"=" + (b"NULL" if value is None else value) for key, value in record.headers)
    return f"{partition} {record.timestamp} {sizes[0]} {sizes[1]} ".encode() + headers


def test_topics_are_made_with_the_recorded_partitions_and_schemas_announced(source: Recording, target: Kafka) -> None:
    replay(source, target)
    assert set(there(target, topics.FRAMES)) == {0, 1, 2}
    keys = {record.key for records in there(target, topics.SCHEMAS).values() for record in records}
    assert {codec.own_fingerprint(event).hex().encode() for event in (Frame, Control, Sample)} <= keys


def test_new_runs_are_new_in_values_headers_and_keys_alike(source: Recording, target: Kafka) -> None:
    outcome = replay(source, target, new_run=True)
    assert set(outcome.records) == {"frames", "controls", "balanced"}
    (suffix,) = {event.run.removeprefix("r1") for event in events_of(target)}
    assert suffix.startswith("-r")
    registry = Registry(target)
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
