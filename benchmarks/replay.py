"""Replaying: a recording back into topics as fast as they take it, beside Kafka's own producer benchmark."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

from benchmarks import recordings
from benchmarks.drive import jpegs
from benchmarks.harness import Contest, Figures
from benchmarks.place import BenchPlace, defaults
from benchmarks.publish import payloads, producer_performance
from charles.base.shutdown import Stop
from charles.control.link import Link
from charles.settings import Kafka, Replayer
from producers.replayer.keyboard import Keys
from producers.replayer.plan import ReplayPlan, planned
from producers.replayer.replay import Replay
from producers.replayer.sender import ReplaySender

TICKS = 5_000
WARM_UP = 500
_STRAIGHT = 0.0, 0.0


@contextmanager
def replay(place: BenchPlace) -> Iterator[Contest]:
    """MB/s of values until the last one is acknowledged, frames with their controls, read from the recording
    meanwhile; both have had their warm-up, and the yardstick has its payloads made beforehand, and Java's best
    compiler."""
    pictures = jpegs(place.count(300))
    ticks, warm_up = place.count(TICKS), place.count(WARM_UP)
    theirs = place.cluster()
    texts = payloads(place.folder / "replay-payloads.txt", [len(picture) for picture in pictures])
    mean = statistics.fmean(map(len, pictures))
    recording = recordings.raw(place.folder / "recording", pictures, [_STRAIGHT] * ticks)

    def yardstick() -> Figures:
        return {"": producer_performance(theirs, texts, ticks, warm_up) * mean / 1e6}

    yield Contest(lambda: {"": _replay(recording, place.cluster(), warm_up) / 1e6}, yardstick)


def _replay(recording: Path, kafka: Kafka, warm_up: int) -> float:
    """Bytes a second."""
    options = Replayer(recording=recording, prefix=kafka.prefix, speed="max")
    settings = defaults(kafka).model_copy(update={"replayer": options})
    plan, stop = planned(settings), Stop()
    with (
        Link(settings, "replayer", options.name, stop) as link,
        closing(ReplaySender(kafka, keeps_timestamps=True, paced=False)) as sender,
    ):
        sent = _warm_up(sender, plan, warm_up)
        start_s = time.perf_counter()
        outcome = Replay(plan, link, stop, sender, Keys()).run({})
        return (outcome.bytes - sent) / (time.perf_counter() - start_s)


def _warm_up(sender: ReplaySender, plan: ReplayPlan, ticks: int) -> int:
    for topic, partition, record in islice(plan.records(), 2 * ticks):
        sender.send(topic, partition, record)
    while sender.queued:
        sender.wait(0.1)
    return sender.bytes
