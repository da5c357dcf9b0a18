"""Recording: the recorder through a log of pictures, beside Kafka's own consumer benchmark on the same log."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.drive import RUN, frame, jpegs
from benchmarks.harness import Contest, Figures
from benchmarks.place import BenchPlace, defaults
from charles import topics
from charles.avro import codec
from charles.control.link import Link
from charles.events import Frame
from charles.kafka.clients import name
from charles.kafka.publisher import Publisher
from charles.pacing import Rate
from charles.settings import Kafka, Settings
from consumers.recorder.cluster_topics import Cluster
from consumers.recorder.disk_space import DiskSpace
from consumers.recorder.recorder import opened
from consumers.recorder.session import RecorderSession
from consumers.recorder.start_position import Edge
from infra.kafka import BrokerError
from infra.kafka.find_runtime import find_runtime

FRAMES = 20_000
_COLLECTORS = 6
_MIB = 1 << 20


@contextmanager
def record(place: BenchPlace) -> Iterator[Contest]:
    """MB/s of keys and values, from when it is told which partitions to read: ours until all is in the files; the
    yardstick until all was handed out."""
    kafka, folder = place.cluster(), place.folder / "recording"
    count = place.count(FRAMES)
    size = _write(kafka, jpegs(place.count(300)), count)

    def ours() -> Figures:
        shutil.rmtree(folder, ignore_errors=True)
        return {"": size / _record(kafka, folder, count) / 1e6}

    try:
        yield Contest(ours, lambda: {"": _consumer_performance(kafka, count)})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class UntilRecorded(Rate):
    """The recorder's rate, and what tells it to stop: once so many records came."""

    def __init__(self, records: int) -> None:
        super().__init__()
        self._left = records

    def add(self, count: int = 1) -> None:
        super().add(count)
        self._left -= count

    def __call__(self, _wait_s: float = 0.0) -> bool:
        return self._left <= 0


def _record(kafka: Kafka, folder: Path, count: int) -> float:
    """Seconds."""
    settings, until, cluster = _settings(kafka, folder), UntilRecorded(count), Cluster(kafka)
    with Link(settings, "recorder", "recorder-1", until) as link:  # type: ignore[arg-type]  # not a signal's
        link.rate = until
        with (
            opened(folder, settings, cluster, Edge.BEGINNING) as writer,
            closing(RecorderSession(link.begin(), writer, cluster, link, DiskSpace(folder, link))) as session,
        ):
            start_s = time.perf_counter()
            session.run(lambda: False)
            return time.perf_counter() - start_s


def _settings(kafka: Kafka, folder: Path) -> Settings:
    settings = defaults(kafka)
    recorder = settings.recorder.model_copy(update={"recording": str(folder), "topics": [topics.FRAMES.name]})
    return settings.model_copy(update={"recorder": recorder})


def _write(kafka: Kafka, pictures: tuple[bytes, ...], count: int) -> int:
    """So many frames of several collectors; returns the bytes of keys and values."""
    publisher, size = Publisher(kafka, Frame), 0
    for tick in range(count):
        collector = f"collector-{tick % _COLLECTORS}"
        value = codec.encode(frame(collector, tick, pictures[tick % len(pictures)]))
        headers = {"collector": collector, "run": RUN, "tick": str(tick)}
        publisher.send_bytes(topics.FRAMES, collector, value, headers=headers)
        size += len(collector) + len(value)
    if publisher.flush(60):
        raise TimeoutError("the log could not be written within a minute")
    return size


def _consumer_performance(kafka: Kafka, count: int) -> float:
    """MB/s. Raises BrokerError."""
    command = find_runtime().command(
        "org.apache.kafka.tools.ConsumerPerformance",
        *("--bootstrap-server", kafka.bootstrap_servers, "--topic", name(kafka, topics.FRAMES)),
        *("--num-records", str(count), "--hide-header"),
        *("--command-property", "isolation.level=read_committed"),
        jvm=("-XX:TieredStopAtLevel=4",),
    )
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        *_, mib_s, _records_s = told.stdout.strip().splitlines()[-1].split(", ")
        return float(mib_s) * _MIB / 1e6
    except (ValueError, IndexError):
        raise BrokerError(f"ConsumerPerformance failed with {told.returncode}: {told.stderr.strip()[-300:]}") from None
