"""Which kinds of sets a version of the balancing makes, and which cells a set of each kind has. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from charles.labels.bin_regions import Region
from charles.labels.bins import Version
from charles.labels.outputs import Output

Overflow = Literal["newest", "oldest"]
"""Which ticks a full bin keeps."""
JOINT = "joint"
"""The kind of set of v1."""

Group = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SetKind:
    """A kind of set. outputs: whose bins its cells combine; cells: their bins' numbers, by the cell's."""

    name: str
    outputs: tuple[Output, ...]
    cells: Mapping[int, Group]

    def cell_name(self, cell: int) -> str:
        """A cell as people write it: `steering (0.3, 0.4]`; in v1 with all outputs' bins."""
        bins = zip(self.outputs, self.cells[cell], strict=True)
        return " ".join(f"{output.text} {output.scale.names[number]}" for output, number in bins)


def set_kinds(version: Version, outputs: Sequence[Output], left_out: Sequence[Region] = ()) -> tuple[SetKind, ...]:
    """The kinds of sets of a version. left_out: combinations that v1 has no cells for, and bins of one output that the
    others have none for; what is left keeps its numbers."""
    if version == "v1":
        return (SetKind(JOINT, tuple(outputs), _cells(outputs, left_out)),)
    return tuple(
        SetKind(o.value, (o,), _cells([o], [region for region in left_out if o.value in region.bins])) for o in outputs
    )


def _cells(outputs: Sequence[Output], left_out: Sequence[Region]) -> dict[int, Group]:
    names = [output.value for output in outputs]
    combinations = enumerate(product(*(range(len(output.scale)) for output in outputs)))
    return {
        cell: bins
        for cell, bins in combinations
        if not any(region.holds(dict(zip(names, bins, strict=True))) for region in left_out)
    }
