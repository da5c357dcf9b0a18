"""One record of a topic-partition, with everything that Kafka keeps of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from charles.base.headers import Moment, moment, pairs

if TYPE_CHECKING:
    from confluent_kafka import Message

Headers = tuple[tuple[str, bytes | None], ...]

NO_TIMESTAMP = -1
NO_OFFSET = -1


@dataclass(frozen=True, slots=True)
class Record:
    """timestamp: milliseconds since 1970 UTC, -1: none; timestamp_type: Kafka's (0 none, 1 create, 2 log append);
    headers: in their order, with those that come twice."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    def header(self, name: str) -> bytes | None:
        """The value of this header, the last one where there are several; None: there is none, or it has no value."""
        for key, value in reversed(self.headers):
            if key == name:
                return value
        return None

    @property
    def moment(self) -> Moment | None:
        """(collector, run, tick) by the headers; None where they do not say."""
        return moment(dict(self.headers))


def from_message(message: Message) -> Record:
    """What a consumer read, as a record."""
    kind, timestamp = message.timestamp()
    return Record(
        cast(int, message.offset()),
        timestamp,
        kind,
        _bytes(message.key()),
        _bytes(message.value()),
        tuple(pairs(message)),
    )


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
