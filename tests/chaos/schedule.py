"""What is done to whom, and when: all of it follows from the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum
from typing import get_args

from charles.labels.bins import Version

COLLECTORS = ("collector-1", "collector-2", "collector-3", "collector-4")
"""Their names put two of them into the partitions of each balancer."""
BALANCERS = ("balancer-1", "balancer-2")
BROKER = "broker"

AWAY_S = (7.0, 10.0)
"""Longer than the group waits for a member (6 s), so that the other balancer takes over, and gives back."""
FROZEN_S = (8.0, 12.0)
"""Longer than that, and than a transaction may take (5 s)."""


class Deed(Enum):
    """What can happen to a process."""

    KILL_COLLECTOR = "collector killed"
    KILL_BALANCER = "balancer killed, started at once"
    KILL_BALANCER_FOR_LONG = "balancer killed, the other one takes over"
    KILL_BROKER = "broker killed"
    FREEZE_BALANCER = "balancer frozen, and back as a zombie"
    CHANGE_BALANCING = "another version of the balancing"

    @property
    def kills(self) -> bool:
        return self not in (Deed.FREEZE_BALANCER, Deed.CHANGE_BALANCING)


_SHARES = {
    Deed.KILL_BALANCER: 0.37,
    Deed.KILL_BALANCER_FOR_LONG: 0.11,
    Deed.KILL_BROKER: 0.10,
}
"""Of the kills; all others hit collectors."""
_FREEZES_PER_KILL = 0.06


@dataclass(frozen=True, slots=True)
class Act:
    """after_s: seconds after the act before; victims: whom to take, the first one that is there; for_s: how long it
    stays away, or frozen; version: that the balancing changes to."""

    deed: Deed
    after_s: float
    victims: tuple[str, ...]
    for_s: float = 0.0
    version: Version = "v3"


@dataclass(frozen=True, slots=True)
class Plan:
    """version: of the balancing at the start."""

    version: Version
    acts: tuple[Act, ...]


def plan(seed: int, kills: int, every_s: float) -> Plan:
    """So many kills, and some freezes beside them, in a random order at random moments, every_s seconds apart on
    average; and all versions of the balancing, in a random order, each for as many of them."""
    rng = random.Random(seed)
    deeds = [deed for deed, share in _SHARES.items() for _ in range(max(1, round(share * kills)))]
    deeds = (deeds + [Deed.KILL_COLLECTOR] * (kills - len(deeds)))[:kills]
    deeds += [Deed.FREEZE_BALANCER] * max(1, round(_FREEZES_PER_KILL * kills))
    rng.shuffle(deeds)
    acts = [_act(deed, rng, every_s) for deed in deeds]
    first, *others = rng.sample(get_args(Version), len(get_args(Version)))
    for place in range(len(others), 0, -1):
        change = Act(Deed.CHANGE_BALANCING, rng.uniform(0.1, every_s), (BROKER,), version=others[place - 1])
        acts.insert(place * len(deeds) // (len(others) + 1), change)
    return Plan(first, tuple(acts))


def _act(deed: Deed, rng: random.Random, every_s: float) -> Act:
    # Evenly between soon and late: some strike while the one before is not yet over.
    after_s = rng.uniform(0.1, 2 * every_s)
    kind = COLLECTORS if deed is Deed.KILL_COLLECTOR else (BROKER,) if deed is Deed.KILL_BROKER else BALANCERS
    victims = tuple(rng.sample(kind, len(kind)))
    for_s = {Deed.KILL_BALANCER_FOR_LONG: AWAY_S, Deed.FREEZE_BALANCER: FROZEN_S}.get(deed, (0.0, 0.0))
    return Act(deed, after_s, victims, rng.uniform(*for_s))
