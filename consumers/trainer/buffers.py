"""The trainer's buffers: which samples wait, which are drawn, and where every sample that came went. Pure.

One buffer per kind of set (an output's own sets, or the joint ones) holds the samples that came in such sets.
The ledger: `read = rejected + expired + surplus + drawn + buffered` at any time, each counted as it happens.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(slots=True)
class BufferedSample:
    """One sample as it is held: its JPEGs, and its numbers.

    inputs: (speed m/s, purpose distance m, purpose bearing rad, the delta outputs' values at the tick before); targets:
    as Output.target() gives them, in the order of the outputs; kind: of the set it came in; remaining: how often it may
    still be drawn; trains: the one output that it trains, None: all; slot: its place in its buffer, -1 outside.
    """

    offset: int
    collector: str
    run: str
    tick: int
    frames: tuple[bytes, ...]
    inputs: tuple[float, ...]
    targets: tuple[float, ...]
    kind: str
    remaining: int
    trains: str | None = None
    slot: int = -1
    rejected: bool = False


@dataclass(slots=True)
class SampleCounts:
    """Where the samples went. read: all that came; drawn: used up by training; surplus: made room in a full buffer, or
    of no use under the present configuration; expired: fell out of the log's retention before they were used up;
    rejected: unreadable."""

    read: int = 0
    rejected: int = 0
    expired: int = 0
    surplus: int = 0
    drawn: int = 0


class Buffer:
    """The samples of one kind of set. Any may be drawn in constant time, and the oldest be found."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._slots: list[BufferedSample] = []
        self._by_age: OrderedDict[int, BufferedSample] = OrderedDict()

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[BufferedSample]:
        """In the order of their slots, from which a restored buffer draws as this one would have."""
        return iter(self._slots)

    @property
    def oldest(self) -> BufferedSample | None:
        return next(iter(self._by_age.values()), None)

    def add(self, held: BufferedSample) -> BufferedSample | None:
        """Take the newest sample; returns the oldest, which had to leave, or None."""
        leaves = self.oldest if len(self) >= self.capacity else None
        if leaves is not None:
            self.remove(leaves)
        held.slot = len(self._slots)
        self._slots.append(held)
        self._by_age[held.offset] = held
        return leaves

    def remove(self, held: BufferedSample) -> None:
        last = self._slots.pop()
        if last is not held:
            self._slots[held.slot] = last
            last.slot = held.slot
        held.slot = -1
        del self._by_age[held.offset]

    def restore(self, slots: Sequence[BufferedSample]) -> None:
        """Become a buffer that held these, in this order of slots."""
        self._slots = list(slots)
        for slot, held in enumerate(self._slots):
            held.slot = slot
        self._by_age = OrderedDict((held.offset, held) for held in sorted(slots, key=lambda held: held.offset))

    def pick(self, count: int, rng: np.random.Generator) -> list[BufferedSample]:
        """So many different samples at random. Raises ValueError when there are fewer."""
        return [self._slots[index] for index in rng.choice(len(self._slots), count, replace=False)]


@dataclass(slots=True)
class Buffers:
    """A buffer per kind of set, and the ledger.

    kinds: their names; capacity: samples in each buffer; uses: draws per sample;
    min_fill: share of the capacity below which drawing waits; least: the same in samples; started: every buffer was
    full once.
    """

    kinds: Sequence[str]
    capacity: int
    min_fill: float
    uses: int
    counts: SampleCounts = field(default_factory=SampleCounts)
    started: bool = False
    by_kind: dict[str, Buffer] = field(init=False)
    least: float = field(init=False)

    def __post_init__(self) -> None:
        self.by_kind = {kind: Buffer(self.capacity) for kind in self.kinds}
        self.least = self.min_fill * self.capacity

    @property
    def buffered(self) -> int:
        return sum(map(len, self.by_kind.values()))

    @property
    def all_full(self) -> bool:
        return all(len(buffer) >= self.capacity for buffer in self.by_kind.values())

    @property
    def any_full(self) -> bool:
        return any(len(buffer) >= self.capacity for buffer in self.by_kind.values())

    @property
    def ready(self) -> bool:
        """Whether a batch may be drawn: every buffer was full once and each is full enough now."""
        return self.started and all(len(buffer) >= self.least for buffer in self.by_kind.values())

    def add(self, held: BufferedSample) -> None:
        """Take a new sample; in a full buffer the oldest makes room."""
        self.counts.read += 1
        if self.by_kind[held.kind].add(held) is not None:
            self.counts.surplus += 1
        self.started = self.started or self.all_full

    def drain(self, each: int) -> None:
        """Nothing more will come: draw while there are so many samples in each."""
        self.started, self.least = True, each

    def reject_unread(self) -> None:
        """Count a sample that could not even be read."""
        self.counts.read += 1
        self.counts.rejected += 1

    def pass_over(self) -> None:
        """Count a sample that there is no buffer for."""
        self.counts.read += 1
        self.counts.surplus += 1

    def draw(self, each: int, rng: np.random.Generator) -> list[BufferedSample]:
        """So many samples from each buffer, for one batch. What is used up leaves, drawn."""
        batch = []
        for kind in self.kinds:
            batch += [self._use(held) for held in self.by_kind[kind].pick(each, rng)]
        return batch

    def draw_instead(
        self, bad: BufferedSample, batch: Sequence[BufferedSample], rng: np.random.Generator
    ) -> BufferedSample | None:
        """Reject a drawn sample that turned out to be bad, and draw another one of its kind that is not in the batch.

        None when there is no other one.
        """
        self._reject(bad)
        there = {held.offset for held in batch}
        others = [held for held in self.by_kind[bad.kind] if held.offset not in there]
        return self._use(others[int(rng.integers(len(others)))]) if others else None

    def expire(self, low: int) -> None:
        """Drop the samples that the log holds no more; low: its first offset."""
        for buffer in self.by_kind.values():
            while (oldest := buffer.oldest) is not None and oldest.offset < low:
                buffer.remove(oldest)
                self.counts.expired += 1

    def restore(self, kind: str, slots: Sequence[BufferedSample | None]) -> None:
        """Fill a buffer as it was saved; None: what the log holds no more, which counts as expired.

        Where the capacity has shrunk, the oldest are surplus.
        """
        there = [held for held in slots if held is not None]
        self.counts.expired += len(slots) - len(there)
        buffer = self.by_kind[kind]
        buffer.restore(there)
        while len(buffer) > self.capacity and buffer.oldest is not None:
            buffer.remove(buffer.oldest)
            self.counts.surplus += 1

    def _use(self, held: BufferedSample) -> BufferedSample:
        held.remaining -= 1
        if held.remaining == 0:
            self.by_kind[held.kind].remove(held)
            self.counts.drawn += 1
        return held

    def _reject(self, held: BufferedSample) -> None:
        if held.slot >= 0:
            self.by_kind[held.kind].remove(held)
        elif held.remaining == 0 and not held.rejected:
            self.counts.drawn -= 1
        else:
            return  # it left already: rejected by another batch, or as surplus, or expired
        held.rejected = True
        self.counts.rejected += 1
