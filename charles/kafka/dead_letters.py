"""Records that cannot be used go to the topic `deadletter`, with the reason."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from typing import Any, Protocol

from charles import topics
from charles.base.headers import LEFT_OUT, WHOSE, pairs
from charles.base.limits import (
    KEPT_HEADER_BYTES,
    KEPT_HEADERS,
    KEPT_KEY_BYTES,
    KEPT_REASON_LETTERS,
    KEPT_VALUE_BYTES,
    NAME_BYTES,
)
from charles.base.names import label
from charles.events import DeadLetter, now
from charles.kafka.publisher import Publisher
from charles.kafka.reading_journal import SetAside, original
from charles.metrics.table import ProgramMetrics
from charles.pacing import Every
from charles.settings import Kafka

log = logging.getLogger(__name__)

VARIES = re.compile(
    r"\b[0-9a-f]{2}(?: [0-9a-f]{2})+\b"  # bytes: "00 6a"
    r"|(?:(?<!\w)-)?\b\d+(?:\.\d+)?\b"
    r"|\b(?=[a-f]*\d)[0-9a-f]{2,}\b"  # fingerprints and digests
    r"|\d+"
)
"""What differs between two reasons of one kind."""
_DETAILS = re.compile("[:'\"(]")
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
    """The dead letter of a consumed record: its place, why it could not be used, and the beginning of its bytes, as far
    as the table of limits lets it be kept.

    For programs that send it in a transaction of their own, keyed by dead_letter(...).topic; others use DeadLetters.
    """
    if isinstance(message, SetAside):
        message, reason = original(message), SetAside.reason
    key = message.key()
    return _letter(
        topic=message.topic() or "",
        partition=_number(message.partition()),
        offset=_number(message.offset()),
        reason=reason,
        program=program,
        key=None if key is None else _bytes(key),
        headers=_kept_headers(message),
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
            whose = {name: value.decode(errors="replace") for name, value in letter.headers.items() if name in WHOSE}
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
        reason=reason[:KEPT_REASON_LETTERS],
        program=program,
        key=None if key is None else _cut(key, KEPT_KEY_BYTES),
        headers=headers,
        value=value[:KEPT_VALUE_BYTES],
        size=len(value),
        sha256=hashlib.sha256(value).hexdigest(),
    )


def _count(reason: str) -> None:
    """Few distinct reasons for metrics: without numbers, and without text that a record's writer may have chosen."""
    ProgramMetrics.dead_letters.inc()
    ProgramMetrics.dead_reasons.labels(label(VARIES.sub("N", _DETAILS.split(reason)[0]).strip())).inc()


def _place(letter: DeadLetter) -> tuple[str, int, int]:
    return letter.topic, letter.partition, letter.offset


def _kept_headers(message: Consumed) -> dict[str, bytes]:
    """A record's headers: one whose name came before is kept too, with its number."""
    kept: dict[str, bytes] = {}
    every = pairs(message)
    for name, value in every[:KEPT_HEADERS]:
        short, number = name[:NAME_BYTES], 2
        called = short
        while called in kept:
            called, number = f"{short} ({number})", number + 1
        kept[called] = _cut(value or b"", KEPT_HEADER_BYTES)
    if len(every) > KEPT_HEADERS:
        kept[LEFT_OUT] = f"{len(every) - KEPT_HEADERS} headers".encode()
    return kept


def _cut(value: bytes, most: int) -> bytes:
    """As much of it as is kept, and how much that leaves out."""
    if len(value) <= most:
        return value
    left_out = f" ... ({len(value):,} bytes)".encode()
    return value[: most - len(left_out)] + left_out


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""


def _number(value: int | None) -> int:
    return NOWHERE if value is None else value
