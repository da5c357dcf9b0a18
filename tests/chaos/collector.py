"""A collector without a game: `python -m tests.chaos.collector NAME LIFE HZ POISON FILE`.

Its settings are in the environment. It publishes as the real one does, one run after the other, and notes in FILE each
half that was acknowledged. POISON: odd records for each tick.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from confluent_kafka import KafkaError, Message

from charles import topics
from charles.avro import codec
from charles.base.shutdown import Stop
from charles.events import Control, Frame, now
from charles.kafka.publisher import Publisher
from charles.pacing import RateKeeper
from charles.settings import load
from charles.topics import Topic
from tests.chaos import acknowledged, moments
from tests.chaos.poison import odd

SHORTEST_RUN, LONGEST_RUN = 150, 1200
_MOST_QUEUED = 4_000
_END_S = 60.0
_LAST = 9999
UNREADABLE = b"\xc3\x01no frame"


class Source:
    """Publishes one tick after the other."""

    def __init__(self, publisher: Publisher, collector: str, notes: acknowledged.Notes, poison: float) -> None:
        """poison: odd records for each tick, in [0, 1]."""
        self._poison = poison
        self._publisher = publisher
        self._collector = collector
        self._notes = notes

    def publish(self, run: str, tick: int) -> None:
        """Queue what shall be sent of a tick; waits while too much of what was sent before is on its way."""
        while len(self._publisher.producer) > _MOST_QUEUED:
            self._publisher.producer.poll(0.1)
        what = moments.sent(self._collector, run, tick)
        frame, control = moments.halves(self._collector, run, tick, now())
        if what in ("whole", "frame", "broken"):
            value = UNREADABLE if what == "broken" else codec.encode(frame)
            self._send(topics.FRAMES, value, acknowledged.FRAME, run, tick)
        if what in ("whole", "control", "broken"):
            self._send(topics.CONTROLS, codec.encode(control), acknowledged.CONTROL, run, tick)
        if random.Random(f"{self._collector} {run} {tick}").random() < self._poison:
            strange = odd(self._collector, run, tick)
            self._publisher.send_bytes(strange.topic, self._collector, strange.value, headers=strange.headers)

    def _send(self, topic: Topic, value: bytes, half: str, run: str, tick: int) -> None:
        headers = {"collector": self._collector, "run": run, "tick": str(tick)}
        told = partial(self._told, half, run, tick)
        self._publisher.send_bytes(topic, self._collector, value, headers=headers, on_delivery=told)

    def _told(self, half: str, run: str, tick: int, error: KafkaError | None, _message: Message) -> None:
        if error is None:
            self._notes.add(half, run, tick)


def ticks(collector: str, life: int) -> Iterator[tuple[str, int]]:
    """Run and tick, for ever: runs end after some hundreds of ticks, as cars crash."""
    lengths = random.Random(f"{collector}/{life}")
    number = 0
    while True:
        run = acknowledged.run_name(life, number)
        for tick in range(lengths.randint(SHORTEST_RUN, LONGEST_RUN)):
            yield run, tick
        number += 1


def main() -> None:
    collector, life, hz, poison = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
    stop = Stop()
    publisher = Publisher(load().kafka, Frame, Control)
    source = Source(publisher, collector, acknowledged.Notes(Path(sys.argv[5])), poison)
    keeper = RateKeeper()
    keeper.hz = hz
    for _, (run, tick) in zip(keeper.ticks(stop), ticks(collector, life), strict=False):
        source.publish(run, tick)
    # One tick of another run says that the one before is over: nobody need wait until it has been silent long enough.
    source.publish(acknowledged.run_name(life, _LAST), 0)
    if left := publisher.flush(_END_S):
        sys.exit(f"{left} events were not delivered within {_END_S:g} s")


if __name__ == "__main__":
    main()
