"""Whether a balancer's memory stays flat: its resident memory while a million ticks of thousands of runs go through it.

python -m benchmarks.memory [TICKS]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np
import psutil
from confluent_kafka import Consumer, KafkaException, TopicPartition

from benchmarks.drive import control, frame
from benchmarks.place import own_place
from benchmarks.waiting import balancer
from charles import topics
from charles.events import Control, Frame
from charles.kafka.clients import consumer, name
from charles.kafka.publisher import Publisher
from charles.ledger.tick_ledger import read, total
from charles.settings import Kafka

TICKS = 1_000_000
_COLLECTORS = 4
_RUN_TICKS = 250
_AHEAD = 20_000
_SPREAD = 0.35
"""The share of the ticks whose labels lie anywhere: about half of those with a history are emitted."""


def main() -> None:
    ticks = int(sys.argv[1]) if len(sys.argv) > 1 else TICKS
    stops = [ticks // 100, *(quarter * ticks // 4 for quarter in range(1, 5))]
    with own_place() as place:
        kafka = place.cluster()
        with balancer(kafka, 1) as process:
            began_s, facts = time.perf_counter(), psutil.Process(process.pid)
            for done in _drive(kafka, stops):
                rate = done / (time.perf_counter() - began_s)
                print(f"{done:>9,} ticks: {facts.memory_info().rss / 1e6:,.0f} MB, {rate:,.0f} ticks/s", flush=True)
        ledgers = read(kafka)
        sums = total(ledgers)
        words = ", ".join(f"{count:,} {term.replace('_', '-')}" for term, count in sums.terms.items())
        print(f"{len(ledgers):,} runs; {sums.seen:,} seen: {words}; adds up: {sums.adds_up}")


def _drive(kafka: Kafka, stops: list[int]) -> Iterator[int]:
    """Publish as many ticks as the last stop says, and say when the balancer has committed as many as each of them."""
    publisher = Publisher(kafka, Frame, Control)
    follower = consumer(kafka, "balancer")
    rng = np.random.default_rng(1)
    picture = rng.bytes(1_000)
    sent = 0
    for stop in stops:
        while (done := _committed(kafka, follower)) < stop:
            ahead = min(done + _AHEAD, stops[-1])
            for number in range(sent, ahead):
                _send(publisher, number, picture, rng)
            sent = max(sent, ahead)
            publisher.flush(60)
            time.sleep(0.1)
        yield stop
    follower.close()


def _send(publisher: Publisher, number: int, picture: bytes, rng: np.random.Generator) -> None:
    """Collectors take turns; each drives one run after the other."""
    collector, (run, tick) = f"collector-{number % _COLLECTORS}", divmod(number // _COLLECTORS, _RUN_TICKS)
    pedals, steering = np.where(rng.random(2) < _SPREAD, rng.uniform(-1, 1, 2), 0.0).tolist()
    for topic, event in (
        (topics.FRAMES, frame(collector, tick, picture)),
        (topics.CONTROLS, control(collector, tick, pedals, steering)),
    ):
        publisher.send(topic, replace(event, run=f"run-{run:06}"), collector)


def _committed(kafka: Kafka, follower: Consumer) -> int:
    """How many controls the balancer's group is past; 0 where a busy broker cannot say so now."""
    places = [TopicPartition(name(kafka, topics.CONTROLS), number) for number in range(topics.CONTROLS.partitions)]
    with suppress(KafkaException):
        return sum(max(place.offset, 0) for place in follower.committed(places, timeout=10))
    return 0


if __name__ == "__main__":
    main()
