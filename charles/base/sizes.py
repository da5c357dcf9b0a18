"""Amounts of bytes, as people read them. Pure.

One rule: units of 1,024, a decimal below 100 unless it is 0, and never more than four figures: 340 B, 1.5 KiB, 12 GiB.
Where every byte counts (what verify compared, what a dead letter lacks) it is written whole, with commas, as every
count of records is: 66,536 bytes.
"""

from __future__ import annotations

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def size(count: float) -> str:
    """count: bytes, 0 or more."""
    figure, unit = float(count), 0
    while round(figure) >= 1024 and unit < len(_UNITS) - 1:
        figure, unit = figure / 1024, unit + 1
    written = f"{figure:.1f}" if unit and figure < 99.95 else f"{figure:.0f}"
    return f"{written.removesuffix('.0')} {_UNITS[unit]}"
