"""Balancing what was recorded: the live balancer's engine, where time is what the recording says.

Frames and controls come by timestamp, collector and tick, whatever partitions they lie in, so that one recording makes
one order of samples. What waits for too long, and which runs fell silent, is looked at once a second of that time.
"""

from __future__ import annotations

import heapq
import logging
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from charles import topics
from charles.avro.codec import Unreadable
from charles.balancing.clock import RecordedClock
from charles.balancing.engine import Engine
from charles.balancing.partition import SIDES, Reading
from charles.balancing.run_state import Restored
from charles.config import Balance
from charles.events import TERMS, Frame, RunLedger, Sample
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import NO_TIMESTAMP
from charles.recordings.inspect.recorded_schemas import RecordedMessage, RecordedSchemas
from charles.settings import Settings
from consumers.trainer.offline.recorded_frames import RecordedFrames
from consumers.trainer.offline.recorded_samples import Numbered

log = logging.getLogger(__name__)

_LOOK_S = 1.0
_FORGET_RECORDS = 5_000
_NOBODY = "", "", -1
_TOPICS = (topics.FRAMES.name, topics.CONTROLS.name)
"""Of SIDES."""

_Merged = tuple[int, str, int, int, int, int, RecordedMessage]
"""What the merge compares, of which no two are equal: latest timestamp, collector, tick, side, partition, offset."""


class RebalancedSamples:
    """The samples that a recording's frames and controls make under this configuration; they are counted from 0.

    share: how much of the recording is read, in [0, 1].
    """

    def __init__(self, recording: Recording, settings: Settings, refuse: Callable[[str, str], None]) -> None:
        """refuse: is told which record cannot be used, and why. Raises RecordingError where frames and controls cannot
        be joined."""
        self.share = 0.0
        self._recording = recording
        self._settings = settings
        self._refuse = refuse
        self._told = False
        frames, controls = (len(recording.partitions(topic)) for topic in _TOPICS)
        if frames != controls:
            raise RecordingError(
                f"{recording.folder} has {frames} partitions of frames and {controls} of controls: they cannot be "
                f"joined"
            )
        self._partitions = frames
        self._records = sum(recording.lengths[topic].records for topic in _TOPICS)

    def read(self, first: int) -> Iterator[Numbered]:
        """Balances from the recording's beginning, whatever the first number that is asked for. Raises
        DamagedRecording."""
        for number, sample in enumerate(self._balanced()):
            if number >= first:
                yield number, replace(sample, frames=[bytes(frame) for frame in sample.frames])

    def picture(self) -> bytes | None:
        schemas = RecordedSchemas(self._recording.manifest)
        for number in range(self._partitions):
            for record in self._recording.read(topics.FRAMES.name, number):
                with suppress(Unreadable):
                    return schemas.decode(Frame, record.value).picture
        return None

    def _balanced(self) -> Iterator[Sample]:
        schemas, clock = RecordedSchemas(self._recording.manifest), RecordedClock()
        written: dict[tuple[int, str, str], RunLedger] = {}
        engine = Engine(
            self._settings.config,
            self._settings.epoch,
            schemas,
            RecordedFrames(self._recording, schemas),
            frames_cache_bytes=self._settings.balancer.frames_cache_mb << 20,
            recall=lambda number, run: written.get((number, *run)),
            clock=clock,
        )
        for number in range(self._partitions):
            engine.add_partition(number, {side: Reading(0, 0, end=0) for side in SIDES}, Restored())
        course = _Course(engine, clock, self._settings.config.balance)
        for count, (latest, _, _, side, _, _, message) in enumerate(self._merged(), 1):
            course.come_to(latest / 1000)
            engine.handle(SIDES[side], message)
            self.share = count / self._records
            if count % _FORGET_RECORDS == 0:  # as the live balancer does with each transaction
                written |= {(n, led.collector, led.run): led for n, led in engine.taken_state().ledgers}
                engine.forget_past()
            yield from self._taken(engine)
        course.end()
        yield from self._taken(engine)
        if not self._told:  # once: the next time it is the same
            log.info("balanced: %s", _ledger(engine))
        self._told = True

    def _taken(self, engine: Engine) -> Iterator[Sample]:
        """What was emitted. What the live balancer would write down beside it nobody asks for."""
        for letter in engine.taken_letters():
            self._refuse(f"{letter.topic} {letter.partition}@{letter.offset}", letter.reason)
        if engine.pool.samples:
            yield from engine.taken_samples()
            engine.taken_latencies()
            engine.pool.taken_changes()

    def _merged(self) -> Iterator[_Merged]:
        streams = [self._keyed(side, number) for side in range(len(SIDES)) for number in range(self._partitions)]
        return heapq.merge(*streams)

    def _keyed(self, side: int, number: int) -> Iterator[_Merged]:
        topic = _TOPICS[side]
        for latest, record in self._recording.read_since(topic, number, NO_TIMESTAMP):
            collector, _run, tick = record.moment or _NOBODY
            yield latest, collector, tick, side, number, record.offset, RecordedMessage(topic, number, record)


class _Course:
    """The course of time, which the records tell. Once a second of it somebody looks around, as the live balancer
    does; where it jumps, only for as long as anything can still come of it."""

    def __init__(self, engine: Engine, clock: RecordedClock, balance: Balance) -> None:
        self._engine = engine
        self._clock = clock
        self._silence_s = balance.silence_seconds
        self._longest_s = balance.silence_seconds + 60 * balance.max_wait_minutes + 2 * _LOOK_S
        self._next_look = math.inf

    def come_to(self, seconds: float) -> None:
        """seconds: since 1970; never less than before."""
        if self._next_look == math.inf:
            self._next_look = seconds + _LOOK_S
        last = min(seconds, self._clock.seconds + self._longest_s)
        while self._next_look <= last:
            self._clock.seconds = self._next_look
            self._engine.close_silent()
            self._engine.look_around()
            self._next_look += _LOOK_S
        if self._next_look <= seconds:
            self._next_look = seconds + _LOOK_S
        self._clock.seconds = seconds

    def end(self) -> None:
        """Nothing more comes: runs fall silent, and half a tick waits for its partner no more."""
        self.come_to(self._clock.seconds + self._silence_s + 2 * _LOOK_S)


def _ledger(engine: Engine) -> str:
    terms = {term: sum(each.total(term) for each in engine.partitions.values()) for term in ("seen", *TERMS)}
    words = [f"{terms[term]:,} {term.replace('_', '-')}" for term in TERMS]
    return f"{terms['seen']:,} ticks seen = {' + '.join(words)}"
