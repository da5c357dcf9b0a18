"""The sets that samples make, and whether they are whole."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from charles.config import Config
from charles.events import Sample
from charles.labels.set_kinds import SetKind

_Kind = tuple[int, str]
"""Epoch, and the name of a kind of sets."""


class Sets:
    """Every set that a sample was emitted in."""

    def __init__(self, configs: Mapping[int, Config]) -> None:
        """configs: by epoch."""
        self._versions = {epoch: config.balance.version for epoch, config in configs.items()}
        self._kinds: dict[_Kind, SetKind] = {
            (epoch, kind.name): kind for epoch, config in configs.items() for kind in config.set_kinds
        }
        self._members: dict[str, list[tuple[_Kind, int]]] = defaultdict(list)
        self._strange: list[str] = []

    def add(self, sample: Sample) -> None:
        """The next sample in the log; a set's come in the order of its cells."""
        of = (sample.epoch, sample.set_output)
        self._members[sample.set_id].append((of, sample.set_bin))
        kind = self._kinds.get(of)
        told = f"{sample.collector} {sample.run} {sample.tick}"
        if kind is None or sample.balancing != self._versions[sample.epoch]:
            self._strange.append(f"{told} is in a set of {sample.set_output}, {sample.balancing}, {sample.epoch}")
        elif tuple(o.scale.bin_of(o.label(sample)) for o in kind.outputs) != kind.cells.get(sample.set_bin):
            self._strange.append(f"{told} does not belong to {sample.set_output} {sample.set_bin}")

    def broken(self) -> Iterator[str]:
        """What is wrong with them."""
        yield from self._strange
        for set_id, members in self._members.items():
            (of, _), cells = members[0], [cell for _, cell in members]
            whole = of in self._kinds and cells == list(self._kinds[of].cells)
            if not whole or any(other != of for other, _ in members):
                yield f"{set_id} has {members[:6]} ... {len(members)} in all"

    def by_version(self) -> Counter[str]:
        """How many there are."""
        return Counter(self._versions.get(members[0][0][0], "?") for members in self._members.values())
