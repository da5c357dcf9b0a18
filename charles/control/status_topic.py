"""The one reader of the topic `status`: followed from now on, or from its last few minutes on, or read to its end.

The annotator has a consumer of its own, which reads three other topics as well, from offsets that it commits.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException

from charles import topics
from charles.control.members import Member, Members
from charles.events import Status, now
from charles.kafka.clients import name
from charles.kafka.errors import AccessRefused, asking, not_allowed
from charles.kafka.event_reader import events
from charles.kafka.onlooker import Onlooker, tail
from charles.kafka.reading import NoTopic
from charles.settings import Kafka

log = logging.getLogger(__name__)

_TAIL_RECORDS = 2000
_QUIET_S = 0.7
_ANSWER_S = 0.5


def all_heartbeats(kafka: Kafka) -> Iterator[Status]:
    """Every heartbeat that the log still has, an hour's; none where there is no topic. Raises as events() does."""
    with suppress(NoTopic):
        yield from events(kafka, topics.STATUS, Status)


class StatusFollower:
    """Follows every program. failures: heartbeats that could not be decoded, and looks that were refused."""

    def __init__(self, kafka: Kafka, group: str, last: int = 0, ask_s: float = 0.0) -> None:
        """last: so many heartbeats of those that are there are read as well; ask_s: so long a broker is asked for the
        topic first, for a client that knows its leader finds its end half a second sooner. Raises AccessRefused then.
        """
        self._topic = name(kafka, topics.STATUS)
        self._refusals = 0
        self._onlooker = Onlooker(kafka, group)
        if ask_s:
            self.answers(ask_s)
        self._onlooker.start([tail(kafka, topics.STATUS, last)])

    @property
    def failures(self) -> int:
        return self._onlooker.failures + self._refusals

    @property
    def caught_up(self) -> bool:
        """Whether all that was there when it began was read."""
        return self._onlooker.caught_up

    def read(self, wait_s: float = 0.0) -> Iterator[Status]:
        """What has come; waits up to wait_s for the first. Raises AccessRefused where this user may not read it."""
        for message in self._onlooker.read(wait_s):
            if (status := self._onlooker.decode(Status, message)) is not None:
                yield status

    def glance(self) -> list[Status]:
        """What has come, for a program to which it is a convenience. Never waits; that it may not be read is logged and
        counted, and is no reason to end."""
        found: list[Status] = []
        try:
            found.extend(self.read())
        except (AccessRefused, KafkaException) as problem:
            self._refusals += 1
            log.warning("other programs are not heard (failure %d): %s", self.failures, problem)
        return found

    def answers(self, timeout_s: float) -> bool:
        """Whether the cluster answers now. Raises AccessRefused as exists() does."""
        try:
            self.exists(timeout_s)
        except KafkaException:
            return False
        return True

    def exists(self, timeout_s: float) -> bool:
        """Whether there is such a topic. Raises AccessRefused where this user may not know, and KafkaException."""
        error = self._onlooker.consumer.list_topics(self._topic, timeout=timeout_s).topics[self._topic].error
        if not_allowed(error):
            raise asking(KafkaException(error), f"see {self._topic}")
        return error is None

    def close(self) -> None:
        self._onlooker.close()


class StatusTopic:
    """Follows every program from its last few minutes on. roll: what they say, taken together; away_s: for how long the
    broker has been away, 0: it answers."""

    def __init__(self, kafka: Kafka) -> None:
        self.roll = Members()
        self._answered = now()
        self._away = False
        self._back = datetime.min.replace(tzinfo=UTC)
        self._topic = name(kafka, topics.STATUS)
        self._follower = StatusFollower(kafka, "heartbeats", _TAIL_RECORDS, _ANSWER_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    @property
    def away_s(self) -> float:
        return (now() - self._answered).total_seconds() if self._away else 0.0

    @property
    def at(self) -> datetime:
        """The moment up to which silence is counted; no heartbeat can arrive while the broker is unreachable."""
        return self._answered if self._away else now()

    @property
    def members(self) -> list[Member]:
        """Every instance that reported. After an outage of the broker their silence is counted from its end."""
        return [replace(member, heard=max(member.heard, self._back)) for member in self.roll.members.values()]

    @property
    def caught_up(self) -> bool:
        """Whether all that was there when it began was read."""
        return self._follower.caught_up

    def read(self, wait_s: float) -> list[Status]:
        """Read and return new heartbeats; waits up to wait_s for the first, and half a second for an unreachable
        broker. Raises AccessRefused where this user may not read it."""
        found = []
        for status in self._follower.read(wait_s):
            # Clocks differ between machines, but what comes in the moment it is written is young by any clock.
            self.roll.take(status, now() if self.caught_up else min(status.time, now()))
            found.append(status)
        self._look_for_broker(bool(found))
        return found

    def catch_up(self, patience_s: float) -> None:
        """Read to the current end. Raises TimeoutError if it is not reached within patience_s."""
        deadline = time.monotonic() + patience_s
        while not self.caught_up and self._follower.exists(patience_s):
            self.read(0.1)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._topic} could not be read within {patience_s:g} s")

    def close(self) -> None:
        self._follower.close()

    def _look_for_broker(self, heard: bool) -> None:
        if not heard and (now() - self._answered).total_seconds() < _QUIET_S:
            return
        if heard or self._follower.answers(_ANSWER_S):
            self._answered = now()
            if self._away:
                self._back = self._answered
            self._away = False
        else:
            self._away = True
