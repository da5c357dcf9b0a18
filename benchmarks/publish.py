"""Publishing: a collector's way to send, beside Kafka's own producer benchmark."""

from __future__ import annotations

import re
import statistics
import string
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from benchmarks.drive import control, frame, jpegs
from benchmarks.harness import Contest, Figures
from benchmarks.place import BenchPlace, defaults
from charles import topics
from charles.kafka.clients import name
from charles.settings import Kafka
from infra.kafka import BrokerError
from infra.kafka.find_runtime import find_runtime
from producers.collector.sender import TickSender

TICKS = 5_000
WARM_UP = 500
_COLLECTOR = "collector-1"
_LIKE_OURS = ("acks=all", "enable.idempotence=true", "batch.size=1000000", "linger.ms=5", "buffer.memory=67108864")
_RATE = re.compile(r"([\d.]+) records/sec")


@contextmanager
def publish(place: BenchPlace) -> Iterator[Contest]:
    """MB/s of pictures until the last one is acknowledged. Ours sends a tick's control with each, which is not counted;
    both have had their warm-up; the yardstick has its payloads made beforehand, and Java's best compiler."""
    pictures = jpegs(place.count(300))
    ticks, warm_up = place.count(TICKS), place.count(WARM_UP)
    ours, theirs = place.cluster(), place.cluster()
    texts = payloads(place.folder / "payloads.txt", [len(picture) for picture in pictures])
    mean = statistics.fmean(map(len, pictures))

    def yardstick() -> Figures:
        return {"": producer_performance(theirs, texts, ticks, warm_up) * mean / 1e6}

    yield Contest(lambda: {"": _send(ours, pictures, ticks, warm_up) / 1e6}, yardstick)


def _send(kafka: Kafka, pictures: tuple[bytes, ...], ticks: int, warm_up: int) -> float:
    """Picture bytes a second."""
    with closing(TickSender(kafka, defaults(kafka).collector.memory_mb)) as sender:
        _send_ticks(sender, pictures, warm_up)
        start_s = time.perf_counter()
        sent = _send_ticks(sender, pictures, ticks)
        return sent / (time.perf_counter() - start_s)


def _send_ticks(sender: TickSender, pictures: tuple[bytes, ...], ticks: int) -> int:
    """Send and wait until all are acknowledged; returns the pictures' bytes."""
    sent = 0
    for tick in range(ticks):
        picture = pictures[tick % len(pictures)]
        while not sender.has_room(len(picture)):
            sender.wait(0.1)
        sender.send(frame(_COLLECTOR, tick, picture), control(_COLLECTOR, tick))
        sent += len(picture)
    while sender.queued:
        sender.wait(0.1)
    if sender.dropped:
        raise RuntimeError(f"{sender.dropped} ticks could not be sent")
    return sent


def payloads(path: Path, sizes: list[int]) -> Path:
    """A file of texts of these sizes, a line each: to make random records costs the tool more than to send them."""
    letters = np.frombuffer(string.ascii_letters.encode(), np.uint8)
    rng = np.random.default_rng(1)
    path.write_bytes(b"\n".join(rng.choice(letters, size).tobytes() for size in sizes))
    return path


def producer_performance(kafka: Kafka, payloads: Path, records: int, warm_up: int) -> float:
    """Records a second, after the warm-up. Raises BrokerError."""
    command = find_runtime().command(
        "org.apache.kafka.tools.ProducerPerformance",
        *("--bootstrap-server", kafka.bootstrap_servers, "--topic", name(kafka, topics.FRAMES)),
        *("--num-records", str(records + warm_up), "--warmup-records", str(warm_up), "--throughput", "-1"),
        *("--payload-file", str(payloads), "--command-property", *_LIKE_OURS),
        jvm=("-XX:TieredStopAtLevel=4",),
    )
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    rates = _RATE.findall(told.stdout)
    if told.returncode or not rates:
        raise BrokerError(f"ProducerPerformance failed with {told.returncode}: {told.stderr.strip()[-300:]}")
    return float(rates[-1])
