"""What was driven, and the sets that the balancing itself makes of it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from charles.balancing.sets import Bins
from charles.config import Config, changed
from charles.events import Control, Sample
from tests.samples import HISTORY, sample

BEGAN = datetime(2026, 1, 2, tzinfo=UTC)


def control(tick: int, pedals: float, steering: float, collector: str = "collector-1", run: str = "run-1") -> Control:
    """pedals: in [-1, 1], above 0 accelerates."""
    return Control(
        collector=collector,
        run=run,
        tick=tick,
        time=BEGAN + timedelta(seconds=tick / 30),
        acceleration=max(pedals, 0.0),
        braking=max(-pedals, 0.0),
        steering=steering,
        **dict.fromkeys(("speed", "yaw_rate", "x", "y", "heading", "purpose_distance", "purpose_bearing"), 0.0),
    )


def drive(ticks: int, seed: int = 1) -> list[Control]:
    """Mostly straight on, as cars drive: often exactly 0, sometimes all of it, and rather little than much between."""
    chance = random.Random(seed)

    def value() -> float:
        size = chance.choices((0.0, 1.0, chance.random() ** 2), (20, 10, 70))[0]
        return chance.choice((-1, 1)) * size

    return [control(tick, value(), value()) for tick in range(ticks)]


def balanced(config: Config, controls: Sequence[Control], epoch: int = -1) -> Iterator[Sample]:
    """The samples of all whole sets."""
    version = config.balance.version
    bins: Bins[int] = Bins(config.set_kinds, config.balance.bin_capacity, even_groups=version == "v4")
    samples = [_sample(before, now) for before, now in pairwise(controls)]
    for number, one in enumerate(samples):
        bins.add(number, {output.value: output.label(one) for output in config.predicted})
        for kind, facts in bins.kinds.items():
            while (ticks := bins.whole_set(kind)) is not None:
                bins.take(kind, ticks)
                for cell, tick in zip(facts.cells, ticks, strict=True):
                    yield sample(
                        **_driven(samples[tick]), set_output=kind, set_bin=cell, epoch=epoch, balancing=version
                    )


def config(*changes: str) -> Config:
    return changed(Config(), changes)


def _sample(before: Control, now: Control) -> Sample:
    history = {f"history_{name}": [0.0] * (HISTORY - 1) + [getattr(before, name)] for name in _ACTIONS}
    return sample(tick=now.tick, **{name: getattr(now, name) for name in _ACTIONS}, **history)


def _driven(one: Sample) -> dict[str, object]:
    names = ("tick", *_ACTIONS, *(f"history_{name}" for name in _ACTIONS))
    return {name: getattr(one, name) for name in names}


_ACTIONS = ("acceleration", "braking", "steering")
