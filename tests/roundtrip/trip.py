"""From the topics of one broker through a recording to those of another one; and what is the same there."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from charles import topics
from charles.base.shutdown import SUPERVISED
from charles.kafka import topic_admin
from charles.recordings.format.reader import Recording
from charles.settings import Kafka, environment, load
from infra.kafka.broker import LocalBroker
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.programs import configure, heard, stop
from tests.roundtrip import reading
from tests.roundtrip.reading import Log
from tests.survival import pipeline

RECORDED = (topics.FRAMES, topics.CONTROLS, topics.BALANCED, topics.TRAINING)
PROGRAMS = ("collector-1", "collector-2", "balancer-1", "trainer-1")
TO = "there"
"""The prefix that is replayed into."""
_SHORT_HISTORY = {"balance": {"history": 10}}
"""So that sets come from the first minute on."""

Tell = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Trip:
    """seconds: of recording; kills: of the recorder, within them."""

    seconds: float
    kills: int
    seed: int


@dataclass(slots=True)
class Found:
    """records: by topic, as our consumer reads them; repaired: what the recorder cut off when it went on; differences:
    in words; asked: who compared."""

    records: dict[str, int] = field(default_factory=dict)
    repaired: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    files: int = 0

    def lines(self) -> Iterator[str]:
        told = ", ".join(f"{count:,} of {topic}" for topic, count in self.records.items())
        yield f"recorded and replayed: {told}, in {self.files} files"
        yield from (f"repaired: {note}" for note in self.repaired)
        yield from (f"DIFFERS {each}" for each in self.differences)
        yield f"compared by {' and '.join(self.asked)}: {'they differ' if self.differences else 'all are equal'}"


def travel(trip: Trip, folder: Path, tell: Tell) -> Found:
    """Record, replay, compare. folder: where everything is kept that may explain what went wrong."""
    found = Found()
    with broker(folder / "here") as here, broker(folder / "there") as there:
        kafka = Kafka(bootstrap_servers=here, prefix="here")
        _record(trip, kafka, folder, tell)
        recording = Recording.open(folder / "recording")
        assert recording.manifest.state == "complete"
        found.repaired = [note for note in recording.manifest.notes if "cut off" in note]
        found.files = len(recording.manifest.segments)
        tell("replaying")
        other = Kafka(bootstrap_servers=there, prefix=TO)
        asked = "replay", str(folder / "recording"), "--prefix", TO, "--speed", "max"
        with _charles(other, folder, *asked) as process:
            assert process.wait(PATIENCE_S) == 0
        for name, read in reading.readers().items():
            tell(f"comparing, as {name} reads it")
            found.asked.append(name)
            for topic in RECORDED:
                _compare(topic.name, read(kafka, topic), read(other, topic), found)
    return found


def _compare(topic: str, here: Log, there: Log, found: Found) -> None:
    found.records[topic] = sum(map(len, here.values()))
    if not found.records[topic]:
        found.differences.append(f"{topic}: nothing was recorded")
    for partition in sorted(here.keys() | there.keys()):
        ours, theirs = here.get(partition, []), there.get(partition, [])
        if ours != theirs:
            pairs = enumerate(zip(ours, theirs, strict=False))
            first = next((at for at, (one, other) in pairs if one != other), min(len(ours), len(theirs)))
            found.differences.append(
                f"{topic} {partition}: {len(ours)} records and {len(theirs)}, from number {first} on"
            )


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    local = LocalBroker(folder, free_port())
    try:
        yield local.start(detached=False)
    finally:
        local.stop()


def _record(trip: Trip, kafka: Kafka, folder: Path, tell: Tell) -> None:
    """A pipeline at work, and a recorder that is killed meanwhile, and started again."""
    topic_admin.ensure(kafka)
    configure(kafka, _SHORT_HISTORY)
    rng = random.Random(trip.seed)
    moments = sorted(rng.uniform(0, trip.seconds) for _ in range(trip.kills))
    with ExitStack() as stack:
        recorder = stack.enter_context(closing(_Recorder(kafka, folder)))
        recorder.start()
        with closing(pipeline.Pipeline(kafka, folder, PROGRAMS)) as programs, ExitStack() as running:
            programs.start(running)
            began = time.monotonic()
            for number, moment in enumerate(moments, 1):
                programs.watch(max(began + moment - time.monotonic(), 0.0))
                recorder.kill()
                tell(f"killed the recorder: {number} of {trip.kills}, {time.monotonic() - began:.0f} s")
                time.sleep(rng.uniform(0.0, 2.0))
                recorder.start()
            programs.watch(max(began + trip.seconds - time.monotonic(), 0.0))
        heard(kafka, lambda status: status.program == "recorder" and status.lag == 0, PATIENCE_S, from_now=True)
        recorder.finish()


class _Recorder:
    """`charles record`, again and again, into one recording."""

    def __init__(self, kafka: Kafka, folder: Path) -> None:
        self._kafka = kafka
        self._folder = folder
        self._open = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        asked = "record", str(self._folder / "recording"), "--from", "beginning"
        self._process = self._open.enter_context(_charles(self._kafka, self._folder, *asked))

    def kill(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, (
            f"the recorder has ended: {(self._folder / 'record.log').read_text()[-2000:]}"
        )
        self._open.close()

    def finish(self) -> None:
        assert self._process is not None
        stop(self._process)
        assert self._process.returncode == 0

    def close(self) -> None:
        self._open.close()


@contextmanager
def _charles(kafka: Kafka, folder: Path, verb: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """`charles VERB ...`, which is killed when the block ends."""
    with (folder / f"{verb}.log").open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "charles", verb, *arguments],
            env=os.environ | environment(load(kafka=kafka.model_dump())) | {SUPERVISED: "1"},
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=out,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
