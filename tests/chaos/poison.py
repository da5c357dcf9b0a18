"""Records that no program of ours sends, among those of a collector. Each must become one dead letter, and that is all.

A header says what they are, so that whoever recounts the ticks leaves them out.
"""

from __future__ import annotations

import io
import random
from typing import Any, NamedTuple

import fastavro

from charles import topics
from charles.avro import codec
from charles.base.limits import LAST_TICK
from charles.events import Control, Frame, now
from charles.topics import Topic
from tests.chaos import moments

MARK = "poison"


class Odd(NamedTuple):
    """A record as it is sent; its key is the collector."""

    topic: Topic
    value: bytes
    headers: dict[str, str]


def odd(collector: str, run: str, tick: int) -> Odd:
    """The one that follows a tick, always the same."""
    rng = random.Random(f"{collector} {run} {tick} odd")
    kind = rng.choice([*_KINDS])
    topic, value, tick_of_header = _KINDS[kind](collector, run, tick, rng)
    return Odd(topic, value, {MARK: kind, "collector": collector, "run": run, "tick": tick_of_header})


def _unchecked(event: Any, **values: Any) -> bytes:
    """An event with values that ours refuse."""
    out = io.BytesIO()
    out.write(codec.SINGLE_OBJECT + codec.own_fingerprint(type(event)))
    every = {name: getattr(event, name) for name in type(event).__dataclass_fields__} | values
    fastavro.schemaless_writer(out, codec.schema(type(event)), every)
    return out.getvalue()


def _frame(collector: str, run: str, tick: int) -> Frame:
    return moments.halves(collector, run, tick, now())[0]


def _control(collector: str, run: str, tick: int) -> Control:
    return moments.halves(collector, run, tick, now())[1]


_NOBODY_S = "nobody's"
"""What a header says that shall name no tick."""
_KINDS: dict[str, Any] = {
    "junk": lambda c, r, t, rng: (topics.FRAMES, rng.randbytes(60), _NOBODY_S),
    "empty": lambda c, r, t, rng: (topics.CONTROLS, b"", _NOBODY_S),
    "half": lambda c, r, t, rng: (topics.FRAMES, codec.encode(_frame(c, r, t))[:-9], _NOBODY_S),
    "another event": lambda c, r, t, rng: (topics.CONTROLS, codec.encode(_frame(c, r, t)), _NOBODY_S),
    "unknown schema": lambda c, r, t, rng: (topics.FRAMES, codec.SINGLE_OBJECT + rng.randbytes(30), _NOBODY_S),
    "a tick far ahead": lambda c, r, t, rng: (topics.FRAMES, _unchecked(_frame(c, r, t), tick=2**40), str(2**40)),
    "a header far ahead": lambda c, r, t, rng: (topics.FRAMES, b"junk", str(LAST_TICK)),
    "a header of many digits": lambda c, r, t, rng: (topics.CONTROLS, b"junk", "9" * 5_000),
    "no number": lambda c, r, t, rng: (topics.CONTROLS, _unchecked(_control(c, r, t), speed=float("nan")), _NOBODY_S),
    "large": lambda c, r, t, rng: (topics.FRAMES, bytes(300_000), _NOBODY_S),
}
"""By name, from collector, run, tick and a random number generator: topic, value, and what the header `tick` says."""
