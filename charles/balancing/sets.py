"""Balancing: which sets there are, what waits for them, when one is whole, which ticks it takes. Pure: knows no Kafka.

A set holds one tick of each of its cells, so whoever learns from sets sees every cell as often as any other one.

    v1  joint: one kind of set, whose cells are the combinations of all outputs' bins (5 of each pedal, 9 of steering)
    v2  a kind of set for each output, whose cells are its bins; a sample trains the output of its set alone
    v3  as v2, with bins of equal width; a sample trains all outputs
    v4  as v3, and inside every bin the samples are balanced over the bins of the other outputs

A tick waits in one cell of every kind of set; it is emitted once, for one kind, and leaves the others.

Which of a bin's ticks a set takes. v1 to v3: one that the other outputs can spare best, of which the most wait in its
bins there; sets of one output then hold up those of another as little as can be (a fifth more sets than by age, in the
city). v4: the ticks of a bin are grouped by their bins in the other outputs, and a set takes one of the group that was
taken least often so far; of several, the one that can be spared best. So, while ticks of each group wait, none is taken
twice before all are taken once, and a group that comes seldom is always taken: as even as the arrivals allow. Of a
group, always the oldest.

What a full bin gives up. `newest`: its oldest tick, in v4 the oldest of its largest group, so that the rare ones stay;
`oldest`: the one that comes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from charles.labels.set_kinds import Group, Overflow, SetKind

Id = TypeVar("Id", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Surplus(Generic[Id]):
    """A tick that waits nowhere any more, and the cell that gave it up last; "left out" where there was none for it."""

    tick: Id
    of: str


class _Cell(Generic[Id]):
    """What waits in one cell: all in the order of their coming, and the same by group."""

    def __init__(self) -> None:
        self.waiting: dict[Id, Group] = {}
        self.groups: dict[Group, dict[Id, None]] = {}

    def add(self, tick: Id, group: Group) -> None:
        self.waiting[tick] = group
        same = self.groups.get(group)
        if same is None:
            self.groups[group] = {tick: None}
        else:
            same[tick] = None

    def remove(self, tick: Id) -> None:
        group = self.waiting.pop(tick)
        same = self.groups[group]
        del same[tick]
        if not same:
            del self.groups[group]


class _Sets(Generic[Id]):
    """What waits for one kind of set. numbers: the cells', by their bins; own, others: which of all outputs' bins these
    are, and which make groups; sizes: how many wait, came: how many came, by cell; empty: cells where nothing waits."""

    def __init__(self, kind: SetKind, values: Sequence[str]) -> None:
        """values: of all outputs."""
        self.name = kind.name
        self.own = tuple(values.index(output.value) for output in kind.outputs)
        self.others = tuple(at for at in range(len(values)) if at not in self.own)
        self.names = {cell: kind.cell_name(cell) for cell in kind.cells}
        self.numbers = {bins: cell for cell, bins in kind.cells.items()}
        self.cells: dict[int, _Cell[Id]] = {cell: _Cell() for cell in kind.cells}
        self.sizes = dict.fromkeys(kind.cells, 0)
        self.came = dict.fromkeys(kind.cells, 0)
        self.empty = len(kind.cells)

    def put(self, number: int, tick: Id, group: Group) -> int:
        """Returns how many wait in this cell now."""
        self.cells[number].add(tick, group)
        self.came[number] += 1
        size = self.sizes[number] = self.sizes[number] + 1
        if size == 1:
            self.empty -= 1
        return size

    def drop(self, number: int, tick: Id) -> None:
        self.cells[number].remove(tick)
        self.sizes[number] -= 1
        if not self.sizes[number]:
            self.empty += 1


class Bins(Generic[Id]):
    """What waits, by kind of set and cell."""

    def __init__(
        self, kinds: Sequence[SetKind], capacity: int, *, even_groups: bool = False, overflow: Overflow = "newest"
    ) -> None:
        """capacity: ticks in one cell, at least 1; even_groups: whether groups are balanced, as in v4."""
        self.kinds = {kind.name: kind for kind in kinds}
        self._capacity = capacity
        self._even = even_groups
        self._overflow = overflow
        self._scales = {output.value: output.scale for kind in kinds for output in kind.outputs}
        self._sets: dict[str, _Sets[Id]] = {kind.name: _Sets(kind, tuple(self._scales)) for kind in kinds}
        self._other_sizes = {name: [s.sizes for n, s in self._sets.items() if n != name] for name in self._sets}
        self._places: dict[Id, dict[str, int]] = {}
        self._taken: Counter[tuple[str, int, Group]] = Counter()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, tick: Id) -> bool:
        return tick in self._places

    def add(self, tick: Id, labels: Mapping[str, float]) -> list[Surplus[Id]]:
        """Let a tick wait in its cell of every kind of set; labels has every output's.

        Returns the ticks that now wait nowhere any more. Raises ValueError for a label out of range or NaN; nothing
        waits then that did not before.
        """
        bins = [scale.bin_of(labels[value]) for value, scale in self._scales.items()]
        places = self._places[tick] = {}
        given_up = {}
        for kind in self._sets.values():
            number = kind.numbers.get(tuple([bins[at] for at in kind.own]))
            if number is not None:
                places[kind.name] = number
                if kind.put(number, tick, tuple([bins[at] for at in kind.others])) > self._capacity:
                    given_up[self._give_up(kind, number)] = kind.names[number]
        if not places:
            given_up.setdefault(tick, "left out")
        gone = [Surplus(one, of) for one, of in given_up.items() if not self._places[one]]
        for surplus in gone:
            del self._places[surplus.tick]
        return gone

    def whole_set(self, kind: str) -> list[Id] | None:
        """One tick of each cell of a kind, in the cells' order; None while a cell is empty.

        They wait on, until take() or remove().
        """
        sets = self._sets[kind]
        if sets.empty:
            return None
        return [self._chosen(kind, number, cell.groups) for number, cell in sets.cells.items()]

    def take(self, kind: str, ticks: Sequence[Id]) -> None:
        """Take a whole set out of everything that its ticks wait in, for good."""
        for tick in ticks:
            number = self._places[tick][kind]
            if self._even:
                self._taken[kind, number, self._sets[kind].cells[number].waiting[tick]] += 1
            self.remove(tick)

    def remove(self, tick: Id) -> None:
        """Take a tick out of every cell it waits in."""
        for kind, number in self._places.pop(tick).items():
            self._sets[kind].drop(number, tick)

    def counts(self, kind: str) -> dict[int, int]:
        """How many ticks wait in each cell of a kind."""
        return dict(self._sets[kind].sizes)

    def came(self, kind: str) -> Mapping[int, int]:
        """How many ticks have come for each cell of a kind, whatever became of them."""
        return self._sets[kind].came

    def cells_of(self, tick: Id) -> Iterator[str]:
        """The names of the cells that a tick waits in."""
        return (self._sets[kind].names[number] for kind, number in self._places[tick].items())

    def _give_up(self, kind: _Sets[Id], number: int) -> Id:
        """Push one tick out of a cell that is too full."""
        cell = kind.cells[number]
        if self._overflow == "oldest":
            gone = next(reversed(cell.waiting))
        elif self._even:
            gone = next(iter(cell.groups[max(cell.groups, key=lambda group: len(cell.groups[group]))]))
        else:
            gone = next(iter(cell.waiting))
        kind.drop(number, gone)
        del self._places[gone][kind.name]
        return gone

    def _chosen(self, kind: str, number: int, groups: Mapping[Group, Mapping[Id, None]]) -> Id:
        """The oldest of the group that can be taken best."""
        among: Collection[Group] = groups
        if self._even:
            taken = {group: self._taken[kind, number, group] for group in groups}
            fewest = min(taken.values())
            among = [group for group, times in taken.items() if times == fewest]
        best = max(among, key=partial(_spare, self._other_sizes[kind])) if len(among) > 1 else next(iter(among))
        return next(iter(groups[best]))


def _spare(others: Sequence[Mapping[int, int]], group: Group) -> float:
    """How many ticks wait in the emptiest of the other outputs' bins that a group lies in; no set wants those of a bin
    that is left out."""
    return min([sizes.get(number, math.inf) for sizes, number in zip(others, group)])  # noqa: B905  # as many, and it costs
