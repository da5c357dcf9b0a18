"""The ticks that wait in the bins, the sets that leave them, and what of that the next transaction must write."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from itertools import takewhile
from typing import NamedTuple

from charles.balancing.clock import Clock
from charles.balancing.frame_store import FrameStore, Place
from charles.balancing.join import EXPIRED, OTHER_SHAPE, TOO_LARGE, TOO_OLD
from charles.balancing.run_state import Emitted, Run, Tick, TickId
from charles.balancing.sets import Bins
from charles.balancing.shortage import Filling
from charles.base.limits import SENT_BYTES
from charles.config import Config
from charles.events import Sample
from charles.pacing import Every

log = logging.getLogger(__name__)

Verdict = tuple[TickId, str | None]
"""A tick that left the bins, and what made it surplus: the bin that gave it up last, or one of join.py's reasons.
None: it is emitted."""


class _Waits(NamedTuple):
    """came: when it came to the bins, on the monotonic clock; places: where its frames lie."""

    tick: Tick
    came: float
    places: list[Place]


class WaitingPool:
    """What waits. samples: emitted, but not yet written, beside emitted, their names; bytes: of their pictures;
    too_large: ticks so far whose samples no topic takes.

    What bounds the memory: bin_capacity ticks in each bin (its controls and history; pictures as far as frames_cache_mb
    goes), none of them for longer than max_wait_minutes.
    """

    def __init__(self, config: Config, epoch: int, frames: FrameStore, clock: Clock | None = None) -> None:
        balance = config.balance
        self._clock = clock or Clock()
        self._balance = balance
        self._outputs = config.predicted
        self._epoch = epoch
        self._bins: Bins[TickId] = Bins(
            config.set_kinds, balance.bin_capacity, even_groups=balance.version == "v4", overflow=balance.overflow
        )
        self._frames = frames
        self._tell_too_large = Every(60.0)
        self.too_large = 0
        self._waits: dict[TickId, _Waits] = {}
        self._of_run: Counter[tuple[int, str, str]] = Counter()
        self._new: dict[TickId, Tick] = {}
        self._gone: set[TickId] = set()
        self.emitted: list[TickId] = []
        self.samples: list[Sample] = []
        self.sets: Counter[str] = Counter()
        self.bytes = 0

    def under(self, epoch: int) -> None:
        """The configuration is another one by now, under which sets are made in the same way."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._waits)

    def restore(self, ticks: Mapping[TickId, Tick]) -> list[Verdict]:
        """Take in what waited before, in the order in which it came.

        Under another configuration it waits in that one's bins: smaller ones have surplus at once, and ticks with
        another history, or another number of frames, are surplus altogether.
        """
        fit = {tick_id: tick for tick_id, tick in ticks.items() if self._fits(tick)}
        in_order = sorted(fit.items(), key=lambda item: (item[1].joined.frames[-1], item[0]))
        self._gone.update(ticks.keys() - fit.keys())
        verdicts: list[Verdict] = [(tick_id, OTHER_SHAPE) for tick_id in ticks if tick_id not in fit]
        # By this machine's clock only here: a clock that is set while the balancer runs makes no tick older.
        wall, monotonic = self._clock.now(), self._clock.monotonic()
        for tick_id, tick in in_order:
            verdicts += self._add(tick_id, tick, monotonic - max((wall - tick.since).total_seconds(), 0.0))
        self._waits = dict(sorted(self._waits.items(), key=lambda item: item[1].came))
        return verdicts

    def _fits(self, tick: Tick) -> bool:
        history, frames = self._balance.history, self._balance.frames
        return len(tick.joined.history[0]) == history and len(tick.joined.frames) == frames

    def add(self, tick_id: TickId, tick: Tick) -> list[Verdict]:
        """Let a tick wait. Returns those that the full bins gave up for it."""
        self._new[tick_id] = tick
        return self._add(tick_id, tick, self._clock.monotonic())

    def _add(self, tick_id: TickId, tick: Tick, came: float) -> list[Verdict]:
        joined = tick.joined
        places = [(tick_id[0], offset) for offset in joined.frames]
        self._waits[tick_id] = _Waits(tick, came, places)
        self._of_run[tick_id[:3]] += 1
        self._frames.hold(places)
        labels = {output.value: output.label_of(joined.control, joined.last) for output in self._outputs}
        return [self._forget(surplus.tick, surplus.of) for surplus in self._bins.add(tick_id, labels)]

    def give_up_old(self) -> list[Verdict]:
        """Let go of the ticks that waited for longer than max_wait_minutes; _waits has the oldest first."""
        too_old = self._clock.monotonic() - 60 * self._balance.max_wait_minutes
        gone = list(takewhile(lambda tick: self._waits[tick].came < too_old, self._waits))
        for tick in gone:
            self._bins.remove(tick)
        return [self._forget(tick, TOO_OLD) for tick in gone]

    def waiting(self, number: int, run: Run) -> int:
        """How many ticks of a run in an input partition wait."""
        return self._of_run[number, *run]

    def emit(self) -> list[Verdict]:
        """Move every whole set to `samples`. A tick whose frames have left the log, or are too large, leaves the bins,
        and its set waits."""
        verdicts: list[Verdict] = []
        for kind in self._bins.kinds:
            while (chosen := self._bins.whole_set(kind)) is not None:
                pictures = self._frames.get(place for tick in chosen for place in self._waits[tick].places)
                unfit = [(tick, why) for tick in chosen if (why := self._unfit(tick, pictures))]
                if unfit:
                    for tick, _ in unfit:
                        self._bins.remove(tick)
                    verdicts += [self._forget(tick, why) for tick, why in unfit]
                    continue
                self._put_out(kind, chosen, pictures)
                self._bins.take(kind, chosen)
                verdicts += [self._forget(tick, None) for tick in chosen]
        return verdicts

    def _unfit(self, tick: TickId, pictures: Mapping[Place, bytes]) -> str | None:
        """What keeps a tick from becoming a sample."""
        joined, places = self._waits[tick].tick.joined, self._waits[tick].places
        if any(place not in pictures for place in places):
            return EXPIRED
        size = sum(len(pictures[place]) for place in places) + 4 * len(joined.history) * len(joined.history[0])
        if size <= SENT_BYTES:
            return None
        self.too_large += 1
        if self._tell_too_large.due():
            log.warning(
                "%s, run %s, tick %d: its sample would have %d bytes, and may have %d; `charles config set` with a "
                "smaller balance.frames or collect.jpeg_quality, or a game with smaller pictures",
                *(*tick[1:], size, SENT_BYTES),
            )
        return TOO_LARGE

    def taken_changes(self) -> dict[TickId, Tick | None]:
        """What differs from what is written, which it then is: new ticks, and None for those that wait no more."""
        changes = {**self._new, **dict.fromkeys(self._gone)}
        self._new.clear()
        self._gone.clear()
        return changes

    def taken_samples(self) -> list[Sample]:
        """The samples that are to be written; they are then nobody's business here."""
        taken, self.samples, self.emitted, self.bytes = self.samples, [], [], 0
        return taken

    def filling(self) -> list[Filling]:
        """How full the bins of each kind of set are, and how many ticks and sets have come of them."""
        return [
            Filling(kind, self._bins.counts(name), dict(self._bins.came(name)), self.sets[name])
            for name, kind in self._bins.kinds.items()
        ]

    def _put_out(self, kind: str, chosen: list[TickId], pictures: dict[Place, bytes]) -> None:
        set_id = self._clock.set_id(self._epoch, kind, self.sets[kind])
        self.sets[kind] += 1
        self.emitted += chosen
        for cell, tick_id in zip(self._bins.kinds[kind].cells, chosen, strict=True):
            tick, _, places = self._waits[tick_id]
            frames = [pictures[place] for place in places]
            self.bytes += sum(map(len, frames))
            emitted = Emitted(set_id, kind, cell, frames, self._epoch, self._balance.version)
            self.samples.append(tick.sample(emitted))

    def _forget(self, tick: TickId, surplus_of: str | None) -> Verdict:
        self._frames.release(self._waits.pop(tick).places)
        if self._new.pop(tick, None) is None:
            self._gone.add(tick)
        run = tick[:3]
        self._of_run[run] -= 1
        if not self._of_run[run]:
            del self._of_run[run]
        return tick, surplus_of
