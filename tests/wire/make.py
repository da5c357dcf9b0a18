"""Makes the data of this folder: a short pipeline, recorded; a training from the recording; what was agreed on.

    python -m tests.wire.make FOLDER

Run it where the host's and the user's names may be known to everybody, for heartbeats tell them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from confluent_kafka import TopicPartition

from charles import topics
from charles.events import DeadLetter, Sample, Status
from charles.kafka import topic_admin
from charles.kafka.clients import admin, consumer, name, producer
from charles.kafka.publisher import Publisher
from charles.recordings.format.reader import Recording
from charles.recordings.inspect.recorded_schemas import RecordedSchemas
from charles.settings import Kafka
from charles.topics import Topic
from infra.kafka.broker import LocalBroker
from tests.kafka_tools import events, read_all
from tests.logged import until
from tests.ports import free_port
from tests.programs import configure, give, heard, running
from tests.wire.plain import digest, event_of, plain

GAME = "small-city"
CONFIG = {
    "balance": {"bins": 3, "history": 10},
    "train": {"buffer": 12, "keep_full": 0.5, "uses_per_sample": 2, "batch": 4, "keep_checkpoints": 1, "seed": 7},
    "play": {"swap": "at once"},
}
CHANGES = ("collect.weather=rain", "balance.max_wait_minutes=20", "train.uses_per_sample=3")
TICKS = 300
BATCHES = 6
"""Of the training from the recording."""


def main(folder: Path) -> None:
    work = folder / "work"
    work.mkdir(parents=True)
    os.chdir(work)
    _install_game(work)
    local = LocalBroker(work / "kafka", free_port())
    try:
        kafka = Kafka(bootstrap_servers=local.start(detached=False), prefix="charles")
        os.environ["KAFKA_BOOTSTRAP_SERVERS"] = kafka.bootstrap_servers
        topic_admin.ensure(kafka)
        _drive(kafka)
        (folder / "config-show.json").write_text(_charles("config", "show", "--json"))
        section = {"recording": "old", "begin": "beginning", "compression": "zstandard"}
        with running("record", kafka, recorder=section | {"topics": [topic.name for topic in topics.TOPICS]}):
            heard(kafka, lambda status: status.program == "recorder" and status.lag == 0)
    finally:
        local.stop()
    recording = work / "data/recordings/old"
    _charles("train", "--recording", "old", "--name", "offline", "--batches", str(BATCHES))
    left_out = shutil.ignore_patterns(".lock", "tensorboard", "untrained.safetensors")
    shutil.copytree(recording, folder / "recording", ignore=left_out)
    shutil.copytree(work / "data/offline/offline", folder / "offline", ignore=left_out)
    found = summary(Recording.open(folder / "recording"))
    (folder / "config.json").write_text(found["events"]["ConfigChange"]["last"]["document"] + "\n")
    (folder / "expected.json").write_text(_lines(found))


def summary(recording: Recording) -> dict[str, Any]:
    """What a recording holds, as the code that made it reads it."""
    schemas, counts = RecordedSchemas(recording.manifest), {}
    kinds: dict[type, list[Any]] = defaultdict(list)
    for topic in recording.topics:
        count: Counter[str] = Counter()
        for partition in recording.partitions(topic):
            for record in recording.read(topic, partition):
                count["records"] += 1
                if record.value is None:
                    count["tombstones"] += 1
                elif topic != "schemas":
                    kinds[event_of(topic, record.key)].append(schemas.decode(event_of(topic, record.key), record.value))
        counts[topic] = dict(count)
    told = {
        kind.__name__: {
            "count": len(found),
            "fields": list(plain(found[0])),
            "sha256": digest(map(plain, found)),
            "first": plain(found[0]),
            "last": plain(found[-1]),
        }
        for kind, found in kinds.items()
    }
    return {"topics": counts, "events": told}


def _lines(found: dict[str, Any]) -> str:
    """JSON with a line for each topic and each kind of event."""
    sections = []
    for section, facts in found.items():
        lines = ",\n  ".join(f"{json.dumps(each)}: {json.dumps(value)}" for each, value in facts.items())
        sections.append(f"{json.dumps(section)}: {{\n  {lines}\n }}")
    return "{\n " + ",\n ".join(sections) + "\n}\n"


def _drive(kafka: Kafka) -> None:
    """Everybody does a little, two records are of no use, and the configuration changes under way."""
    configure(kafka, CONFIG)
    with ExitStack() as programs:
        programs.enter_context(running("balance", kafka))
        collector = programs.enter_context(running("collect", kafka, collector={"game": GAME, "seed": 20}))
        until(lambda: _length(kafka, topics.FRAMES) > TICKS // 2)
        _charles("config", "set", *CHANGES)
        until(lambda: _length(kafka, topics.FRAMES) > TICKS)
        give(kafka, "collector", "pause")
        _send_broken(kafka)
        trainer = programs.enter_context(running("train", kafka))
        player = programs.enter_context(running("play", kafka, player={"game": GAME, "publish_hz": 4}))
        heard(kafka, _trained)
        give(kafka, "trainer", "checkpoint")
        batch = heard(kafka, lambda status: status.outcome.startswith("done: checkpoint")).batch
        heard(kafka, lambda status: status.program == "player" and status.batch == batch)
        give(kafka, "player-1", "unstuck")
        until(lambda: _low(kafka, topics.WEIGHTS) > 0)  # the weights before are pruned
        assert all(process.poll() is None for process in (collector, trainer, player))
    assert {letter.program for letter in events(kafka, topics.DEADLETTER, DeadLetter)} == {"balancer", "trainer"}


def _trained(status: Status) -> bool:
    return status.program == "trainer" and status.batch > 0 and status.state == "waiting" and status.lag == 0


def _send_broken(kafka: Kafka) -> None:
    """A control that is no event, which retention deletes, and a sample whose picture is none."""
    driven = {message.partition() for message in read_all(kafka, topics.CONTROLS)}
    partition = next(number for number in range(topics.CONTROLS.partitions) if number not in driven)
    headers: Any = {"collector": "collector-9", "run": "run-9", "tick": "0"}
    sender = producer(kafka)
    sender.produce(name(kafka, topics.CONTROLS), b"no event", b"collector-9", partition, headers=headers)
    assert sender.flush(10) == 0
    publisher = Publisher(kafka, Sample)
    blind = replace(events(kafka, topics.BALANCED, Sample)[-1], tick=1_000_000, frames=[b"no picture"])
    publisher.send(topics.BALANCED, blind, blind.set_id)
    assert publisher.flush() == 0
    until(lambda: events(kafka, topics.DEADLETTER, DeadLetter))
    client = admin(kafka)
    topic_admin.resolve(client.delete_records([TopicPartition(name(kafka, topics.CONTROLS), partition, -1)]))


def _length(kafka: Kafka, topic: Topic) -> int:
    return sum(high - low for low, high in _watermarks(kafka, topic))


def _low(kafka: Kafka, topic: Topic) -> int:
    return min(low for low, _ in _watermarks(kafka, topic))


def _watermarks(kafka: Kafka, topic: Topic) -> list[tuple[int, int]]:
    reader = consumer(kafka, "make")
    try:
        places = [TopicPartition(name(kafka, topic), number) for number in range(topic.partitions)]
        return [reader.get_watermark_offsets(place, timeout=10) or (0, 0) for place in places]
    finally:
        reader.close()


def _install_game(work: Path) -> None:
    """Make the game known to the programs, as installing a package would."""
    facts = work / "packages/small_city-1.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: small-city\nVersion: 1\n")
    (facts / "entry_points.txt").write_text(f"[charles.games.game]\n{GAME} = tests.wire.small_city:SmallCity\n")
    paths = (work / "packages", Path(__file__).resolve().parents[2])
    os.environ["PYTHONPATH"] = os.pathsep.join(map(str, paths))


def _charles(*arguments: str) -> str:
    told = subprocess.run([sys.executable, "-m", "charles", *arguments], stdout=subprocess.PIPE, text=True, check=True)
    return told.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
