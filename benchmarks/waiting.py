"""A balancer with samples that wait, for benchmarks of what happens when it is killed.

Their labels fill all bins but one. What is sent after the kill falls into that one: each tick makes a set whole, so the
first sample says that whoever goes on has everything again: the state, the frames, the input.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager

import numpy as np
from confluent_kafka import Consumer, TopicPartition

from benchmarks.drive import control, frame
from benchmarks.harness import Figures
from benchmarks.place import defaults
from benchmarks.programs import program
from charles import topics
from charles.config import Balance
from charles.events import Control, Frame
from charles.kafka.clients import consumer, name
from charles.kafka.publisher import Publisher
from charles.labels.bins import BINS
from charles.ledger.tick_ledger import read
from charles.pacing import HZ
from charles.settings import Balancer, Kafka

SAMPLES = 2_000
_COLLECTOR = "collector-1"
_FRAME_BYTES = 40_000
_PATIENCE_S = 120.0


class WaitingFeed:
    """What one collector publishes."""

    def __init__(self, kafka: Kafka) -> None:
        self._publisher = Publisher(kafka, Frame, Control)
        rng = np.random.default_rng(1)
        self._pictures = [rng.bytes(_FRAME_BYTES) for _ in range(50)]
        self._tick = 0

    def fill(self, samples: int) -> None:
        """So many ticks that will wait, after those that have no history yet."""
        for number in range(Balance().history + samples):
            self._send(number % (BINS - 1))
        if self._publisher.flush(60):
            raise TimeoutError("the log could not be written within a minute")

    @contextmanager
    def completing(self) -> Iterator[None]:
        """30 ticks a second, each of which makes sets whole."""
        over = threading.Event()

        def send() -> None:
            while not over.wait(1 / HZ):
                self._send(BINS - 1)

        sending = threading.Thread(target=send)
        sending.start()
        try:
            yield
        finally:
            over.set()
            sending.join()
            self._publisher.flush(60)

    def _send(self, number: int) -> None:
        """One tick whose labels are in this bin, the same one of both outputs."""
        tick, label = self._tick, (number - BINS // 2) / (BINS // 2)
        self._tick += 1
        for topic, event in (
            (topics.FRAMES, frame(_COLLECTOR, tick, self._pictures[tick % len(self._pictures)])),
            (topics.CONTROLS, control(_COLLECTOR, tick, label, label)),
        ):
            self._publisher.send(topic, event, _COLLECTOR)


def balancer(kafka: Kafka, number: int) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """A balancer as a process of its own, killed at the end."""
    return program(defaults(kafka).model_copy(update={"balancer": Balancer(name=f"balancer-{number}")}), "balance")


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {_PATIENCE_S:g} s")
        time.sleep(0.2)


def in_bins(kafka: Kafka) -> int:
    """How many ticks wait in the bins, as the ledger has it."""
    return sum(ledger.in_bins for ledger in read(kafka))


def seconds_to_first_sample(kafka: Kafka, feed: WaitingFeed, begin: Callable[[], None]) -> Figures:
    """From begin() to the first committed sample on `balanced`, which held none before."""
    with closing(consumer(kafka, "first-sample")) as reader:
        reader.assign([TopicPartition(name(kafka, topics.BALANCED), 0, 0)])
        if reader.poll(1.0) is not None:
            raise RuntimeError("there was a sample before")
        began_s = time.perf_counter()
        begin()
        with feed.completing():
            _await(reader)
            return {"": time.perf_counter() - began_s}


def _await(reader: Consumer) -> None:
    message = reader.poll(_PATIENCE_S)
    if message is None or message.error() is not None:
        raise TimeoutError(f"no sample within {_PATIENCE_S:g} s")
