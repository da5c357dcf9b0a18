"""Sends ticks: both halves or none, in order, a run in one partition, in bounded memory, counting what had to be given
up."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message

from charles import topics
from charles.events import Control, Frame, now
from charles.kafka import errors
from charles.kafka.process_state import process
from charles.kafka.publisher import Publisher
from charles.metrics.table import CollectorMetrics as Offered
from charles.settings import Kafka
from producers.collector.run_partitioner import RunPartitioner

log = logging.getLogger(__name__)

GIVE_UP_S = 30.0
"""How long an event waits for a broker that is away."""
_BESIDE_PICTURE_BYTES = 1024
"""Bytes: what a tick's two events hold beside the picture, rounded up."""


class TickSender:
    """dropped: ticks of which a half was given up, since the start; a hint: of events that were reported as timed out
    a few may have reached the broker. published: ticks that are there; queued: ticks that are on their way."""

    def __init__(self, kafka: Kafka, memory_mb: int, give_up_s: float = GIVE_UP_S) -> None:
        self.dropped = 0
        self.published = 0
        self.queued = 0
        self._queued_bytes = 0
        # librdkafka counts its own overhead too: our bound is reached before its.
        self._memory = memory_mb * 900_000
        properties = {"queue.buffering.max.kbytes": memory_mb * 1024, "message.timeout.ms": round(give_up_s * 1000)}
        self._publisher = Publisher(kafka, Frame, Control, **properties, **process.measured())
        self._places = RunPartitioner(kafka, self._publisher.producer)

    def has_room(self, picture_bytes: int) -> bool:
        """Whether another tick fits into the memory for unsent events; an empty queue takes any."""
        return self.queued == 0 or self._queued_bytes + picture_bytes + _BESIDE_PICTURE_BYTES <= self._memory

    def wait(self, seconds: float) -> None:
        """Let events leave, or be given up, for at most so long."""
        self._publisher.producer.poll(seconds)

    def send(self, frame: Frame, control: Control) -> None:
        """Queue both halves of a tick. A tick that cannot be queued (it is too large) is dropped whole, and counted."""
        tick = _Tick(frame.collector, frame.time, size=len(frame.picture) + _BESIDE_PICTURE_BYTES)
        self.queued += 1
        self._queued_bytes += tick.size
        headers = {"collector": frame.collector, "run": frame.run, "tick": str(frame.tick)}
        partition = self._places.of(frame.collector, frame.run)
        for topic, event in ((topics.FRAMES, frame), (topics.CONTROLS, control)):
            try:
                told = partial(self._half_done, tick)
                self._publisher.send(topic, event, frame.collector, headers, told, partition=partition)
            except KafkaException as error:
                log.warning("tick %d of run %s cannot be sent: %s", frame.tick, frame.run, error)
                self._done(tick, tick.halves if topic is topics.FRAMES else 1, failed=True)
                return

    def close(self, timeout_s: float = 2.5) -> None:
        """Give what is on its way a last chance of timeout_s; the rest is lost, and said to be."""
        if self._publisher.flush(timeout_s):
            log.warning("%d ticks were not delivered before shutdown", self.queued)

    def _half_done(self, tick: _Tick, error: KafkaError | None, message: Message) -> None:
        errors.delivery(error, message)
        if error is not None and error.code() != KafkaError._MSG_TIMED_OUT:  # that its broker is away is said already
            process.outages.warn(
                ("refused", error.code()), f"ticks are dropped: {message.topic()} does not take them: {error.str()}"
            )
        self._done(tick, 1, failed=error is not None)

    def _done(self, tick: _Tick, halves: int, *, failed: bool) -> None:
        tick.halves -= halves
        tick.failed |= failed
        if tick.halves == 0:
            self.queued -= 1
            self._queued_bytes -= tick.size
            if tick.failed:
                self.dropped += 1
            else:
                self.published += 1
                Offered.latency.labels(tick.collector).observe(max((now() - tick.time).total_seconds(), 0.0))


@dataclass(slots=True)
class _Tick:
    """A tick on its way: how many of its halves are, and whether one was given up. time: of its capture; size: bytes,
    about."""

    collector: str
    time: datetime
    size: int
    halves: int = 2
    failed: bool = False
