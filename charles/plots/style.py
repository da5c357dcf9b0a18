"""The style of all plots: paper, ink, one colour per output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from charles.labels.bins import Scale

Part = TypeVar("Part")

INK, FAINT, PAPER = "#22303c", "#c9d1d9", "#fbfaf7"
DRIVEN = "#8d99a5"
"""The data as driven."""
COLOURS = {
    "acceleration": "#7a9e3f",
    "braking": "#b23a8e",
    "acceleration_braking": "#e4572e",
    "steering": "#2a7fb8",
    "joint": "#d79a2b",
}
"""Of an output's labels, its loss, its sets; and of the sets of v1, which are of all outputs."""
RAMP = ("#f6ddb5", "#f0a35e", "#e4572e", "#8e2443", INK)
"""From rare to frequent."""
FONT = "DejaVu Sans, Verdana, sans-serif"
DPI = 100

_ENDS = {"steering": ("full left", "full right"), "acceleration_braking": ("full brake", "full throttle")}


def paper(width: int, height: int) -> Figure:
    """An empty sheet; width, height: pixels."""
    return Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=PAPER)


def plain(axes: Axes) -> None:
    """A panel without a frame but its floor."""
    axes.set_facecolor(PAPER)
    axes.tick_params(which="both", colors=INK, labelsize=10, length=0)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(FAINT)


def title(figure: Figure, words: str, beneath: str) -> None:
    height = figure.get_figheight() * DPI
    figure.text(0.03, 1 - 36 / height, words, fontsize=19, fontweight="bold", color=INK, va="center")
    figure.text(0.03, 1 - 64 / height, beneath, fontsize=11.5, color=INK, alpha=0.7, va="center")


def marks(scale: Scale, value: str) -> tuple[list[float], list[str]]:
    """Where along an axis of bins, which are numbered from 0, which words stand; a half is an edge between two bins.

    scale: of a value in [-1, 1], with an odd number of bins.
    """
    half = len(scale) // 2
    low, high = _ENDS[value]
    marks = [(0, low), (half / 2 - 0.5, "-0.5"), (half, "0"), (1.5 * half + 0.5, "0.5"), (2 * half, high)]
    shown = marks if half > 2 else marks[::2]  # words need room
    return [place for place, _ in shown], [word for _, word in shown]


def first(name: str, parts: Mapping[str, Part]) -> dict[str, Part]:
    """The parts of a stacked bar with this one at its foot, where its flatness can be seen."""
    return dict(sorted(parts.items(), key=lambda part: part[0] != name))


def words(output: str) -> str:
    """An output as people say it."""
    return output.replace("_", " / ")
