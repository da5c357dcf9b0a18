"""Charts made of characters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from rich.text import Text

_SPARKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """The values as a row of bars, averaged into so many columns, from 0 to their highest."""
    return "".join(_SPARKS[height - 1] for height in _heights(values, width, len(_SPARKS)))


def chart(values: Sequence[float], width: int, rows: int) -> list[str]:
    """As a sparkline, but so many rows high; the uppermost first."""
    steps = len(_SPARKS)
    heights = _heights(values, width, rows * steps)
    return ["".join(_bar(height - row * steps) for height in heights) for row in reversed(range(rows)) if heights]


def shares(parts: Iterable[tuple[float, str]], width: int) -> Text:
    """One bar of all the parts, each (size, style) as wide as its share."""
    sized = [(size, style) for size, style in parts if size > 0]
    whole = sum(size for size, _ in sized) or 1.0
    bar, done, drawn = Text(), 0.0, 0
    for size, style in sized:
        done += size
        end = round(done / whole * width)
        bar.append("█" * (end - drawn), style)
        drawn = end
    return bar


def _heights(values: Sequence[float], width: int, top: int) -> list[int]:
    """The values averaged into so many columns, from 1 to top; those that are no number are left out."""
    values = [value for value in values if math.isfinite(value)]
    if not values:
        return []
    columns = min(width, len(values))
    edges = [round(index * len(values) / columns) for index in range(columns + 1)]
    means = [sum(values[low:high]) / (high - low) for low, high in pairwise(edges)]
    highest = max(means) or 1.0
    return [min(int(mean / highest * top) + 1, top) for mean in means]


def _bar(height: int) -> str:
    """One character of a column. height: in eighths of it; beyond its limits: none, or all of it."""
    return " " if height <= 0 else _SPARKS[min(height, len(_SPARKS)) - 1]
