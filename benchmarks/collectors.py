"""How many collectors a cluster takes: so many real Senders at 30 Hz, with city pictures of 30 kB.

To the cluster of the settings, under a prefix of its own, which is deleted afterwards:

KAFKA_BOOTSTRAP_SERVERS=... python -m benchmarks.collectors 100 --seconds 30
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass

import numpy as np
import psutil

from benchmarks.drive import control, frame, jpegs
from charles.kafka import topic_admin
from charles.pacing import HZ, RateKeeper
from charles.settings import Kafka, load
from producers.collector.sender import TickSender

_PICTURES = 300
_PROCESSES = 4
"""One process would be as busy with the making of ticks as a hundred collectors are together."""
_MEMORY_MB = 64
_WARM_UP_S = 3.0


@dataclass(frozen=True)
class Sent:
    """What came of some collectors. due: the ticks that there should have been; queued: how many were on their way, of
    each collector at each tick; cpu_s: processor time."""

    due: int
    sent: int
    dropped: int
    queued: Sequence[int]
    cpu_s: float


def main() -> None:
    arguments = _arguments()
    settings = load()
    kafka = settings.kafka.model_copy(update={"prefix": f"bench-{uuid.uuid4().hex[:8]}"})
    topic_admin.ensure(kafka)
    names = [f"collector-{number}" for number in range(1, arguments.collectors + 1)]
    shares = [names[first::_PROCESSES] for first in range(min(_PROCESSES, len(names)))]
    try:
        with ProcessPoolExecutor(len(shares), multiprocessing.get_context("spawn")) as pool:
            parts = list(pool.map(_drive, [kafka] * len(shares), shares, [arguments.seconds] * len(shares)))
    finally:
        topic_admin.delete_all(kafka)
    print(_words(parts, arguments.seconds))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("collectors", type=int)
    parser.add_argument("--seconds", type=float, default=30.0)
    return parser.parse_args()


def _drive(kafka: Kafka, names: Sequence[str], seconds: float) -> Sent:
    """Some of the collectors, in a process of their own."""
    pictures, process = jpegs(_PICTURES), psutil.Process()
    queued: list[int] = []
    keeper = RateKeeper()
    with ExitStack() as stack:
        senders = {name: stack.enter_context(closing(TickSender(kafka, _MEMORY_MB))) for name in names}
        begin_s = time.monotonic() + _WARM_UP_S
        end_s, began_cpu, sent = begin_s + seconds, 0.0, 0

        def over(wait_s: float) -> bool:
            time.sleep(wait_s)
            return time.monotonic() >= end_s

        for tick in keeper.ticks(over):
            counts = time.monotonic() >= begin_s
            began_cpu = began_cpu if counts else sum(process.cpu_times()[:2])
            for name, sender in senders.items():
                picture = pictures[tick % _PICTURES]
                if sender.has_room(len(picture)):
                    sender.send(frame(name, tick, picture), control(name, tick))
                    sent += counts
                sender.wait(0.0)
                queued += [sender.queued] * counts
        cpu_s = sum(process.cpu_times()[:2]) - began_cpu
        dropped = sum(sender.dropped for sender in senders.values())
    due = round(seconds * HZ) * len(names)
    return Sent(due, sent, dropped, queued, cpu_s)


def _words(parts: Sequence[Sent], seconds: float) -> str:
    """By Little's law a tick is on its way for as long as the mean of those on their way takes to be sent."""
    due, sent, dropped = (sum(getattr(part, field) for part in parts) for field in ("due", "sent", "dropped"))
    queued = np.concatenate([part.queued for part in parts])
    mean_ms, worst_ms = (1000 * ticks / HZ for ticks in (queued.mean(), np.quantile(queued, 0.99)))
    cores = sum(part.cpu_s for part in parts) / seconds
    return (
        f"{sent / seconds:,.0f} of {due / seconds:,.0f} ticks/s, {dropped} dropped; acknowledged in {mean_ms:.0f} ms "
        f"on average, {worst_ms:.0f} ms in the worst hundredth; {cores:.2f} cores for the sending"
    )


if __name__ == "__main__":
    main()
