"""Which bins hold up the sets, and which no tick ever comes for. Pure: knows no Kafka.

A set is whole once every bin of its kind has a tick, so the bins that are empty now hold up the next one. A bin that no
tick has come for at all, while hundreds came for others, may be one that the game never fills: then no set is ever
whole, and somebody has to be told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from charles.config import Config
from charles.labels import bin_regions
from charles.labels.set_kinds import SetKind
from charles.pacing import Rate

PATIENCE_S = 45.0
ENOUGH_TICKS = 300
"""Ticks that must have come before a bin is said to get none."""
_AGAIN_S = 300.0
_NAMED_BINS = 3
_WINDOW_S = 120.0


@dataclass(frozen=True, slots=True)
class Filling:
    """How full the bins of one kind of set are. By cell: waiting: ticks now; came: ticks so far; sets: made so far."""

    kind: SetKind
    waiting: Mapping[int, int]
    came: Mapping[int, int]
    sets: int

    @property
    def ticks(self) -> int:
        return sum(self.came.values())

    @property
    def empty(self) -> list[int]:
        """The cells that hold up the next set, those that the fewest ticks came for first."""
        return sorted((cell for cell, count in self.waiting.items() if not count), key=lambda cell: self.came[cell])

    @property
    def never(self) -> list[int]:
        """The cells that no tick has come for."""
        return [cell for cell, count in self.came.items() if not count]

    @property
    def share(self) -> float:
        """Of the ticks, how many came for the cell that holds up the next set most, in [0, 1]."""
        return min((self.came[cell] / max(self.ticks, 1) for cell in self.empty[:1]), default=0.0)

    def bin_name(self, cell: int) -> str:
        """As cell_name(), but without the output where the kind has one only."""
        kind = self.kind
        return kind.cell_name(cell) if len(kind.outputs) > 1 else kind.outputs[0].scale.names[kind.cells[cell][0]]


class SetRate:
    """How many sets of each kind come, over the last two minutes."""

    def __init__(self) -> None:
        self._rates: dict[str, Rate] = {}
        self._known: dict[str, int] = {}

    def take(self, filling: Filling) -> float:
        """Sets a minute; to be asked once a second."""
        name = filling.kind.name
        before = self._known.get(name, filling.sets)
        self._known[name] = filling.sets
        rate = self._rates.setdefault(name, Rate(_WINDOW_S))
        rate.add(filling.sets - before if filling.sets >= before else filling.sets)
        return 60 * rate.per_second()


def starving(fillings: Iterable[Filling]) -> list[str]:
    """The names of the bins that hold up the next sets, at most three of each kind, the scarcest first."""
    return [filling.kind.cell_name(cell) for filling in fillings for cell in filling.empty[:_NAMED_BINS]]


def explained(filling: Filling, per_minute: float) -> str:
    """How many sets come, and which bin holds them up: `steering: 12 sets/min, held up by (0.9, 1] (0.4 % of the
    ticks)`."""
    words = f"{filling.kind.name}: {per_minute:.3g} sets/min"
    if not filling.ticks or not filling.empty:
        return words
    cell = filling.empty[0]
    share = f"{100 * filling.share:.2g} % of the ticks" if filling.came[cell] else "no tick yet"
    return f"{words}, held up by {filling.bin_name(cell)} ({share})"


class NeverFilled:
    """Says which bins get no tick at all, 45 s after the balancer began, and again when that changes."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._began: float | None = None
        self._told: set[tuple[str, int]] = set()
        self._told_at = float("-inf")

    def look(self, fillings: Sequence[Filling], at: float) -> list[str]:
        """What has to be said now, a line for each kind of set; at: seconds, growing."""
        if self._began is None:
            self._began = at
        late = [filling for filling in fillings if filling.never and filling.ticks >= ENOUGH_TICKS]
        found = {(filling.kind.name, cell) for filling in late for cell in filling.never}
        if at - self._began < PATIENCE_S or at - self._told_at < _AGAIN_S or found == self._told:
            return []
        self._told, self._told_at = found, at
        return [f"{self._words(filling)}; {leave_out_words(late, self._config)}" for filling in late]

    def note(self, fillings: Sequence[Filling]) -> list[str]:
        """What was told and still holds, shortly."""
        kinds = {kind for kind, _cell in self._told}
        held = [filling for filling in fillings if filling.kind.name in kinds and filling.never]
        return [f"{self._count(filling)}: {_listed(self._names(filling))}" for filling in held]

    def _words(self, filling: Filling) -> str:
        return f"no set of {filling.kind.name} can be whole: {self._count(filling)}: {', '.join(self._names(filling))}"

    def _count(self, filling: Filling) -> str:
        return f"none of {filling.ticks} ticks fell into {len(filling.never)} of its {len(filling.came)} bins"

    def _names(self, filling: Filling) -> list[str]:
        """The bins that no tick came for; of combinations the regions that hold them."""
        if len(filling.kind.outputs) == 1:
            return [filling.bin_name(cell) for cell in filling.never]
        return [
            str(r)
            for r in bin_regions.covering((filling.kind.cells[cell] for cell in filling.never), self._config.bins)
        ]


def _listed(names: Sequence[str]) -> str:
    more = [f"and {len(names) - _NAMED_BINS} more"] if len(names) > _NAMED_BINS else []
    return ", ".join([*names[:_NAMED_BINS], *more])


def leave_out_words(late: Sequence[Filling], config: Config) -> str:
    """The command that leaves out what no tick has come for, beside what is left out already."""
    found = {output.value for filling in late for output in filling.kind.outputs}
    kept = [text for text in config.balance.leave_out if not found & bin_regions.parse(text, config.bins).bins.keys()]
    never = [str(region) for filling in late for region in _without_ticks(filling)]
    return (
        "what the game never does can be left out: "
        f"charles config set 'balance.leave_out={json.dumps([*kept, *never])}'"
    )


def _without_ticks(filling: Filling) -> list[bin_regions.Region]:
    """The combinations, or bins, that no tick has come for, those included that are left out already."""
    bins = {output.value: len(output.scale) for output in filling.kind.outputs}
    come = {filling.kind.cells[cell] for cell, count in filling.came.items() if count}
    every = product(*(range(count) for count in bins.values()))
    return bin_regions.covering((numbers for numbers in every if numbers not in come), bins)
