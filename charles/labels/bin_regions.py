"""Regions of combinations of bins, as people write them: `acceleration=1-4 braking=1-4`, with any bin of other outputs.
Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

_PART = re.compile(r"(?P<output>\w+)=(?P<first>\d+)(-(?P<last>\d+))?")


@dataclass(frozen=True, slots=True)
class Region:
    """Every combination whose bins are among these. bins: by output; an output that is not named may have any."""

    bins: Mapping[str, frozenset[int]]

    def holds(self, combination: Mapping[str, int]) -> bool:
        """combination: the number of each output's bin."""
        return all(combination[output] in numbers for output, numbers in self.bins.items())

    def __str__(self) -> str:
        return " ".join(f"{output}={_span(numbers)}" for output, numbers in self.bins.items())


def parse(text: str, bins: Mapping[str, int]) -> Region:
    """Parse a region: for each output the number of a bin, from 0, or the numbers of the first and the last of several.

    bins: how many each output has. Raises ValueError, which says what is accepted.
    """
    found: dict[str, frozenset[int]] = {}
    for part in text.replace(",", " ").split():
        match = _PART.fullmatch(part)
        if match is None or match["output"] not in bins:
            raise ValueError(
                f"{part!r} is not valid: write OUTPUT=BIN or OUTPUT=FIRST-LAST with an output of {', '.join(bins)}"
            )
        first, last = int(match["first"]), int(match["last"] or match["first"])
        if not first <= last < bins[match["output"]]:
            raise ValueError(f"{part!r}: {match['output']} has the bins 0 to {bins[match['output']] - 1}")
        found[match["output"]] = frozenset(range(first, last + 1))
    if not found:
        raise ValueError("it names no output")
    return Region(found)


def covering(combinations: Iterable[Sequence[int]], bins: Mapping[str, int]) -> list[Region]:
    """Few regions that hold exactly these combinations, each bins' numbers in the order of `bins`."""
    boxes = {tuple(frozenset([number]) for number in combination) for combination in combinations}
    for axis in reversed(range(len(bins))):
        merged: dict[tuple[frozenset[int], ...], set[int]] = {}
        for box in boxes:
            merged.setdefault((*box[:axis], *box[axis + 1 :]), set()).update(box[axis])
        # Boxes of one axis's numbers that are no unbroken row are parted again: they could not be written.
        boxes = {(*rest[:axis], row, *rest[axis:]) for rest, numbers in merged.items() for row in _rows(numbers)}
    return [
        Region({output: box for output, box in zip(bins, numbers, strict=True) if len(box) < bins[output]})
        for numbers in sorted(boxes, key=lambda box: [sorted(part) for part in box])
    ]


def _rows(numbers: Collection[int]) -> list[frozenset[int]]:
    """Numbers as unbroken rows."""
    rows: list[set[int]] = []
    for number in sorted(numbers):
        if rows and number - 1 in rows[-1]:
            rows[-1].add(number)
        else:
            rows.append({number})
    return [frozenset(row) for row in rows]


def _span(numbers: frozenset[int]) -> str:
    return f"{min(numbers)}" if len(numbers) == 1 else f"{min(numbers)}-{max(numbers)}"
