"""Records that cannot be used go to the topic `deadletter`, with the reason."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from typing import Any, Protocol, cast

from charles import topics
from charles.events import DeadLetter, now
from charles.kafka.publisher import Publisher
from charles.metrics.table import ProgramMetrics
from charles.pacing import Every
from charles.settings import Kafka

log = logging.getLogger(__name__)

_WHOSE = ("collector", "run", "tick")

VARIES = re.compile(
    r"\b[0-9a-f]{2}(?: [0-9a-f]{2})+\b"  # bytes: "00 6a"
    r"|(?:(?<!\w)-)?\b\d+(?:\.\d+)?\b"
    r"|\b(?=[a-f]*\d)[0-9a-f]{2,}\b"  # fingerprints and digests
    r"|\d+"
)
"""What differs between two reasons of one kind."""
_DETAILS = re.compile("[:'\"(]")
KEPT_BYTES = 64 * 1024
_PATIENT = {"message.timeout.ms": 0, "queue.buffering.max.kbytes": 32_768}
"""No dead letter is dropped, however long the broker is unreachable."""
NOWHERE = -1
"""The partition and offset of a record that was never written."""


class Consumed(Protocol):
    """A record that was read: a Message from a topic, or the like from a recording."""

    def topic(self) -> str | None: ...

    def partition(self) -> int | None: ...

    def offset(self) -> int | None: ...

    def key(self) -> str | bytes | None: ...

    def value(self) -> Any: ...

    def headers(self) -> Any: ...


def dead_letter(message: Consumed, reason: str, program: str) -> DeadLetter:
    """The dead letter of a consumed record: its place, why it could not be used, and its first 64 KiB.

    For programs that send it in a transaction of their own, keyed by dead_letter(...).topic; others use DeadLetters.
    """
    pairs = cast(list[tuple[str, str | bytes | None]], message.headers() or [])
    headers = {key: _bytes(value) for key, value in pairs}
    key = message.key()
    return _letter(
        topic=message.topic() or "",
        partition=_number(message.partition()),
        offset=_number(message.offset()),
        reason=reason,
        program=program,
        key=None if key is None else _bytes(key),
        headers=headers,
        value=_bytes(message.value()),
    )


def unwritten(
    topic: str, reason: str, program: str, *, key: str, headers: Mapping[str, str], value: bytes = b""
) -> DeadLetter:
    """The dead letter of an event that could not be created; topic: full name of the topic that it was meant for."""
    encoded = {name: text.encode() for name, text in headers.items()}
    return _letter(topic, NOWHERE, NOWHERE, reason, program, key.encode(), encoded, value)


class DeadLetters:
    """Sends dead letters, counts them, and logs the reason, at most one line per second.

    Its producer is created with the first dead letter, because most programs never need it.
    """

    def __init__(self, kafka: Kafka, program: str) -> None:
        self.count = 0
        self._kafka = kafka
        self._program = program
        self._publisher: Publisher | None = None
        self._log_line = Every(1.0)

    def send(self, message: Consumed, reason: str) -> None:
        """Send the dead letter of a consumed record."""
        self.send_event(dead_letter(message, reason, self._program))

    def send_event(self, letter: DeadLetter) -> None:
        """Send a dead letter that is made already."""
        self.count += 1
        if self._log_line.due():
            whose = {name: value.decode(errors="replace") for name, value in letter.headers.items() if name in _WHOSE}
            log.warning("dead letter %d: %s %d@%d: %s", self.count, *_place(letter), letter.reason, extra=whose)
        if self._publisher is None:
            self._publisher = Publisher(self._kafka, **_PATIENT)
            self._publisher.announce(DeadLetter)
        self._publisher.send(topics.DEADLETTER, letter, key=letter.topic)

    def flush(self, timeout_s: float = 3.0) -> int:
        """Wait until all are delivered; returns how many were not after timeout_s."""
        return self._publisher.flush(timeout_s) if self._publisher else 0


def _letter(
    topic: str,
    partition: int,
    offset: int,
    reason: str,
    program: str,
    key: bytes | None,
    headers: dict[str, bytes],
    value: bytes,
) -> DeadLetter:
    _count(reason)
    return DeadLetter(
        topic=topic,
        partition=partition,
        offset=offset,
        time=now(),
        reason=reason,
        program=program,
        key=key,
        headers=headers,
        value=value[:KEPT_BYTES],
        size=len(value),
        sha256=hashlib.sha256(value).hexdigest(),
    )


def _count(reason: str) -> None:
    """Few distinct reasons for metrics: without numbers, and without text that a record's writer may have chosen."""
    ProgramMetrics.dead_letters.inc()
    ProgramMetrics.dead_reasons.labels(VARIES.sub("N", _DETAILS.split(reason)[0]).strip()).inc()


def _place(letter: DeadLetter) -> tuple[str, int, int]:
    return letter.topic, letter.partition, letter.offset


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""


def _number(value: int | None) -> int:
    return NOWHERE if value is None else value
