"""Small recordings of what a pipeline writes, with everything odd that Kafka can keep."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from charles import topics
from charles.avro import codec
from charles.events import Control, Frame, Sample, TrainingStep
from charles.recordings.format.manifest import TopicInfo
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import Headers, Record, from_message
from charles.recordings.format.writer import RecordingWriter
from charles.settings import Kafka
from charles.topics import Topic
from tests.kafka_tools import read_all
from tests.recordings.made import Placed

BEGAN = datetime.combine(datetime.now(UTC) - timedelta(days=1), time(20, 5), UTC)
"""Yesterday: what is older than a week is deleted from `training` whenever the broker looks, every five minutes."""
BEGAN_MS = round(BEGAN.timestamp() * 1000)
TICK_MS = 33
PARTITIONS = {"frames": 3, "controls": 3, "balanced": 1, "training": 1}
COLLECTORS = {"garage": 0, "attic": 2}
"""Collectors, and the partitions that they drive into."""


def frame(collector: str, run: str, tick: int) -> Frame:
    picture = bytes((tick + at) % 256 for at in range(200))
    return Frame(collector, run, tick, BEGAN + timedelta(milliseconds=TICK_MS * tick), picture, 20, 10, 0, 0)


def control(collector: str, run: str, tick: int) -> Control:
    rolling = (10.0, 0.0, 0.0, 0.0, 0.0, 100.0, 0.1)
    return Control(collector, run, tick, BEGAN + timedelta(milliseconds=TICK_MS * tick), 0.5, 0.0, -0.25, *rolling)


def sample(collector: str, run: str, tick: int) -> Sample:
    past = [0.25 * number for number in range(4)]
    return Sample(
        collector, run, tick, BEGAN, f"set-{tick // 3}", "steering", tick % 3, [b"\xff\xd8picture"], 10.0, 100.0, 0.1,
        past, past, past, past, past, past, 0.5, 0.0, -0.25,
    )  # fmt: skip


def of_tick(offset: int, event: Frame | Control | Sample, key: str) -> Record:
    """A record as the pipeline writes it."""
    told = {"collector": event.collector, "run": event.run, "tick": str(event.tick)}
    headers = tuple((name, text.encode()) for name, text in told.items())
    return Record(offset, BEGAN_MS + TICK_MS * event.tick, 1, key.encode(), codec.encode(event), headers)


def drive(ticks: int, run: str = "r1") -> Iterator[Placed]:
    """What the collectors of one drive write, and what the balancer and the trainer make of every fifth tick."""
    emitted = 0
    for tick in range(ticks):
        for collector, partition in COLLECTORS.items():
            for topic, event in (("frames", frame(collector, run, tick)), ("controls", control(collector, run, tick))):
                yield topic, partition, of_tick(tick, event, collector)
            if tick % 5 == 0:
                made = sample(collector, run, tick)
                yield "balanced", 0, of_tick(emitted, made, made.set_id)
                emitted += 1
        if tick % 5 == 0:
            step = TrainingStep("pilot", tick // 5, BEGAN, 0.5, {}, {}, 0.1, 0.2, {}, 8)
            moment = BEGAN_MS + TICK_MS * tick + 1
            yield "training", 0, Record(tick // 5, moment, 1, b"pilot", codec.encode(step), ())


def odd(offset: int) -> list[Record]:
    """Whatever Kafka lets somebody write."""
    rows: list[tuple[int, bytes | None, bytes | None, Headers]] = [
        (BEGAN_MS + 1, None, None, ()),
        (BEGAN_MS + 2, b"", b"", (("run", None), ("run", b"\xff\xfe"), ("run", b""))),
        (BEGAN_MS, b"\xff\x00key", b"no event", (("b", b"2"), ("a", b"1"), ("b", b"2"))),
        (-1, b"key", None, (("\u00fcber", b"\x80"), ("", b""))),
        (BEGAN_MS + 3, None, b"\xc3\x01", ()),
    ]
    return [Record(offset + at, time, 1, key, value, headers) for at, (time, key, value, headers) in enumerate(rows)]


def recording(
    folder: Path, placed: list[Placed], partitions: dict[str, int] | None = None, prefix: str = "charles"
) -> Recording:
    """A complete one of these records."""
    found = {topic: TopicInfo(partitions=count) for topic, count in (partitions or PARTITIONS).items()}
    with RecordingWriter.create(folder, prefix, found) as writer:
        for event in (Frame, Control, Sample, TrainingStep):
            writer.add_schema(codec.own_fingerprint(event), codec.schema(event))
        for topic, partition, record in placed:
            writer.append(topic, partition, record)
        writer.finish()
    return Recording.open(folder)


def there(kafka: Kafka, topic: Topic) -> dict[int, list[Record]]:
    """What a topic holds, by partition, as an independent consumer reads it; offsets are the topic's own affair."""
    found: dict[int, list[Record]] = {}
    for message in read_all(kafka, topic):
        found.setdefault(message.partition() or 0, []).append(without_offset(from_message(message)))
    return found


def recorded(recording: Recording, topic: Topic) -> dict[int, list[Record]]:
    """The same of a recording."""
    rows = {
        partition: [without_offset(record) for record in recording.read(topic.name, partition)]
        for partition in recording.partitions(topic.name)
    }
    return {partition: records for partition, records in rows.items() if records}


def without_offset(record: Record) -> Record:
    return Record(0, record.timestamp, record.timestamp_type, record.key, record.value, record.headers)


ALL = (topics.FRAMES, topics.CONTROLS, topics.BALANCED, topics.TRAINING)
