"""The ticks that wait in the bins, the sets that leave them, and what of that the next transaction must write."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from charles.balancing import Bins
from charles.config import Config
from charles.events import Sample
from stream_jobs.balancer.frames import FrameStore, Place
from stream_jobs.balancer.state import Tick, TickId

Verdict = tuple[TickId, str]
"""A tick that left the bins, and the term of the ledger that it goes to."""


class Pool:
    """What waits. samples: emitted, but not yet written."""

    def __init__(self, config: Config, epoch: int, frames: FrameStore) -> None:
        balance = config.balance
        self._balance = balance
        self._outputs = config.predicted
        self._epoch = epoch
        self._bins: Bins[TickId] = Bins(
            config.set_kinds, balance.bin_capacity, even_groups=balance.version == "v4", overflow=balance.overflow
        )
        self._frames = frames
        self._ticks: dict[TickId, Tick] = {}
        self._written: set[TickId] = set()
        self._changed: set[TickId] = set()
        self.samples: list[Sample] = []
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._ticks)

    def restore(self, ticks: Mapping[TickId, Tick]) -> list[Verdict]:
        """Take in what waited before, in the order in which it came.

        Under another configuration it waits in that one's bins: smaller ones have surplus at once, and ticks with
        another history, or another number of frames, are surplus altogether.
        """
        self._written.update(ticks)
        self._changed.update(ticks)
        fit = {tick_id: tick for tick_id, tick in ticks.items() if self._fits(tick)}
        in_order = sorted(fit.items(), key=lambda item: (item[1].offsets[-1], item[0]))
        misfits = [(tick_id, "surplus") for tick_id in ticks if tick_id not in fit]
        return misfits + [verdict for tick_id, tick in in_order for verdict in self.add(tick_id, tick)]

    def _fits(self, tick: Tick) -> bool:
        history, frames = self._balance.history, self._balance.frames
        return len(tick.sample.history_steering) == history and len(tick.offsets) == frames

    def add(self, tick_id: TickId, tick: Tick) -> list[Verdict]:
        """Let a tick wait. Returns those that the full bins gave up for it."""
        self._ticks[tick_id] = tick
        self._changed.add(tick_id)
        self._frames.hold(_places(tick_id, tick))
        labels = {output.value: output.label(tick.sample) for output in self._outputs}
        return [self._forget(surplus.tick, "surplus") for surplus in self._bins.add(tick_id, labels)]

    def emit(self) -> list[Verdict]:
        """Move every whole set to `samples`. A tick whose frames have left the log is expired, and its set waits."""
        verdicts: list[Verdict] = []
        for kind in self._bins.kinds:
            while (chosen := self._bins.whole_set(kind)) is not None:
                pictures = self._frames.get(place for tick in chosen for place in _places(tick, self._ticks[tick]))
                expired = [tick for tick in chosen if any(p not in pictures for p in _places(tick, self._ticks[tick]))]
                if expired:
                    for tick in expired:
                        self._bins.remove(tick)
                    verdicts += [self._forget(tick, "expired") for tick in expired]
                    continue
                self._put_out(kind, chosen, pictures)
                self._bins.take(kind, chosen)
                verdicts += [self._forget(tick, "emitted") for tick in chosen]
        return verdicts

    def changes(self) -> dict[TickId, Tick | None]:
        """What differs from what is written: new ticks, and None for those that wait no more."""
        return {
            tick: self._ticks.get(tick) for tick in self._changed if (tick in self._ticks) != (tick in self._written)
        }

    def committed(self) -> None:
        """Everything is written."""
        for tick, now in self.changes().items():
            (self._written.discard if now is None else self._written.add)(tick)
        self._changed.clear()
        self.samples.clear()
        self.bytes = 0

    def rarest(self) -> dict[str, int]:
        """For each kind of set the bin with the fewest ticks, and how many they are."""
        found = {}
        for kind in self._bins.kinds.values():
            counts = self._bins.counts(kind.name)
            cell = min(counts, key=counts.__getitem__)
            found[kind.cell_name(cell)] = counts[cell]
        return found

    def _put_out(self, kind: str, chosen: list[TickId], pictures: dict[Place, bytes]) -> None:
        set_id = uuid.uuid4().hex[:16]
        mark: dict[str, Any] = {"set_id": set_id, "set_output": kind, "epoch": self._epoch}
        mark["balancing"] = self._balance.version
        for cell, tick_id in zip(self._bins.kinds[kind].cells, chosen, strict=True):
            tick = self._ticks[tick_id]
            frames = [pictures[place] for place in _places(tick_id, tick)]
            self.bytes += sum(map(len, frames))
            self.samples.append(replace(tick.sample, frames=frames, set_bin=cell, **mark))

    def _forget(self, tick: TickId, verdict: str) -> Verdict:
        self._changed.add(tick)
        self._frames.release(_places(tick, self._ticks.pop(tick)))
        return tick, verdict


def _places(tick_id: TickId, tick: Tick) -> list[Place]:
    return [(tick_id[0], offset) for offset in tick.offsets]
