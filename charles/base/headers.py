"""The headers of a record that was read, whoever wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from charles.base.limits import LAST_TICK, NAME_BYTES, TICK_DIGITS

Moment = tuple[str, str, int]
"""Collector, run, tick."""

WHOSE = ("collector", "run", "tick")
"""What the records of a tick say in their headers."""
LEFT_OUT = "left out"
"""The name of a header that stands for what could not be kept."""


class HasHeaders(Protocol):
    """A Message, or the like."""

    def headers(self) -> Any: ...


def pairs(message: HasHeaders) -> list[tuple[str, bytes | None]]:
    """Names and values, in their order. Where a name is no text, the client gives none of them: then one says so."""
    try:
        found = cast(list[tuple[str, str | bytes | None]], message.headers() or [])
    except UnicodeDecodeError:
        return [(LEFT_OUT, b"all headers: a name among them is no text")]
    return [(name, value.encode() if isinstance(value, str) else value) for name, value in found]


def moment_of(message: HasHeaders) -> Moment | None:
    """Whose tick a record is, also where it cannot be read: what its headers say, None where they do not."""
    return moment(dict(pairs(message)))


def moment(headers: Mapping[str, bytes | None]) -> Moment | None:
    """Whose tick it is, by headers whose names are unique."""
    told = [headers.get(name) for name in WHOSE]
    if any(value is None or len(value) > NAME_BYTES for value in told):
        return None
    collector, run, tick = (cast(bytes, value).decode(errors="replace") for value in told)
    if not (tick.isascii() and tick.isdecimal() and len(tick) <= TICK_DIGITS and int(tick) <= LAST_TICK):
        return None
    return collector, run, int(tick)
