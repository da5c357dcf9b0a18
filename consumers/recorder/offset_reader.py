"""Reads partitions from exact offsets on, and never passes over what is there: where the log does not have an offset
any more, it says so."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from confluent_kafka import KafkaException, Message, TopicPartition

from charles.kafka.clients import consumer
from charles.kafka.process_state import process
from charles.kafka.reading import records
from charles.recordings.format.errors import RecordingError
from charles.settings import Kafka
from consumers.recorder.cluster_topics import Place

log = logging.getLogger(__name__)

_BATCH_RECORDS = 200
_TURN_S = 0.1
_ANSWER_S = 1.0
_PATIENCE_S = 15.0
"""A log may end before what was read already for so long: its leader has only just begun."""


class Gap(NamedTuple):
    """Offsets that were to be read and that the log does not have any more: from first up to end, which is not
    included. Some of them may have held no record."""

    place: Place
    first: int
    end: int


class OffsetReader:
    """next_offset: where a partition is to be read next, by what is recorded of it."""

    def __init__(
        self, kafka: Kafka, group: str, full: Callable[[str], str], next_offset: Callable[[str, int], int | None]
    ) -> None:
        self._full = full
        self._next_offset = next_offset
        self._places: dict[tuple[str | None, int | None], Place] = {}
        self._ends: dict[Place, int] = {}
        self._committed: dict[Place, int] = {}
        self._strayed: dict[Place, float] = {}
        self._lost: dict[Place, int] = {}
        self._consumer = consumer(
            kafka,
            group,
            **{
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 100,
                "fetch.message.max.bytes": 4 << 20,
                "queued.max.messages.kbytes": 65_536,
            },
            **process.measured(),
        )

    def go_on(self, *places: Place) -> None:
        """Read these from where they are to be read next."""
        self._read_from({place: self._wanted(place) for place in places})

    def rest(self) -> None:
        """Read nothing until go_on() says what."""
        self._consumer.unassign()
        self._places.clear()
        self._strayed.clear()

    def read(self) -> Iterator[tuple[Place, Message]]:
        """What came within a moment. Raises AccessRefused, KafkaException."""
        for message in records(self._consumer.consume(_BATCH_RECORDS, _TURN_S), self._reached, self._stray):
            place = self._places.get((message.topic(), message.partition()))
            if place is not None:
                yield place, message

    def mend(self) -> list[Gap]:
        """Go on where offsets were not in the log; tells what is lost. Raises RecordingError where the log is not that
        of what was recorded."""
        gaps = []
        for place, since in list(self._strayed.items()):
            bounds = self._bounds(place)
            if bounds is None:
                continue
            (low, high), wanted = bounds, self._wanted(place)
            if wanted > high:
                self._lose_patience(place, since, wanted, high)
                continue
            if wanted < low:
                gaps.append(Gap(place, wanted, low))
                self._lost[place] = low
            del self._strayed[place]
            self._read_from({place: max(wanted, low)})
        return gaps

    def has_read(self, ends: Mapping[Place, int]) -> bool:
        """Whether everything up to there was read."""
        return all(self._position(place) >= end for place, end in ends.items())

    @property
    def lag(self) -> int:
        """Unread records, an upper bound: the ends of transactions use offsets too."""
        return sum(self._behind(place) for place in self._places.values())

    def commit(self) -> None:
        """Tell the group's place, so that everybody sees the lag: what is recorded says itself how far it goes."""
        positions = {place: self._position(place) for place in self._places.values()}
        news = {place: offset for place, offset in positions.items() if self._committed.get(place, 0) != offset}
        if not news:
            return
        try:
            self._consumer.commit(offsets=[self._at(place, offset) for place, offset in news.items()])
        except KafkaException as problem:
            log.debug("the group's offsets are not committed: %s", problem)
        self._committed |= news

    def close(self) -> None:
        self._consumer.close()

    def _read_from(self, offsets: Mapping[Place, int]) -> None:
        known = [self._at(place) for place in offsets if place in self._places.values()]
        if known:
            self._consumer.incremental_unassign(known)
        self._consumer.incremental_assign([self._at(place, offset) for place, offset in offsets.items()])
        for place in offsets:
            self._places[self._full(place[0]), place[1]] = place
            self._ends.pop(place, None)

    def _reached(self, end: Message) -> None:
        place = self._places.get((end.topic(), end.partition()))
        if place is not None:
            self._ends[place] = end.offset() or 0

    def _stray(self, message: Message) -> None:
        place = self._places.get((message.topic(), message.partition()))
        if place is not None:
            self._strayed.setdefault(place, time.monotonic())

    def _lose_patience(self, place: Place, since: float, wanted: int, high: int) -> None:
        if time.monotonic() > since + _PATIENCE_S:
            raise RecordingError(
                f"{self._full(place[0])} {place[1]} ends at offset {high}, but is recorded up to {wanted}: the log "
                f"was truncated or replaced; choose another recording"
            )

    def _wanted(self, place: Place) -> int:
        return max(self._next_offset(*place) or 0, self._lost.get(place, 0))

    def _position(self, place: Place) -> int:
        return max(self._wanted(place), self._ends.get(place, 0))

    def _behind(self, place: Place) -> int:
        _, high = self._consumer.get_watermark_offsets(self._at(place), cached=True) or (0, -1)
        return max(high - self._position(place), 0)

    def _bounds(self, place: Place) -> tuple[int, int] | None:
        try:
            return self._consumer.get_watermark_offsets(self._at(place), timeout=_ANSWER_S)
        except KafkaException:
            return None  # it is away

    def _at(self, place: Place, offset: int = 0) -> TopicPartition:
        return TopicPartition(self._full(place[0]), place[1], offset)
