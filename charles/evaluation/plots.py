"""The pictures of what was learned from: the loss over the batches, and the labels before and after balancing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from charles.bins import BINS
from charles.files import written
from charles.outputs import OUTPUTS

Values = NDArray[np.float64]

INK, FAINT, PAPER = "#22303c", "#c9d1d9", "#fbfaf7"
COLOURS = {
    "acceleration": "#7a9e3f",
    "braking": "#b23a8e",
    "acceleration_braking": "#e4572e",
    "steering": "#2a7fb8",
}
OTHER_SET = "#e3c9a6"  # samples that came in another output's sets
_DPI = 100


def smoothed(values: Values, span: float) -> Values:
    """An exponential moving average over about `span` values, without the start's pull towards the first value."""
    keep = 1 - 2 / (span + 1)
    out = np.empty_like(values)
    total = weight = 0.0
    for index, value in enumerate(values):
        total = keep * total + (1 - keep) * value
        weight = keep * weight + (1 - keep)
        out[index] = total / weight
    return out


@dataclass(frozen=True, slots=True)
class Losses:
    """Of a training. batches: growing; by_output: as many losses as batches, mean squared errors, or cross-entropies
    where the output is one of with_classes."""

    batches: Sequence[int]
    by_output: Mapping[str, Sequence[float]]
    with_classes: Collection[str] = ()

    @property
    def unit(self) -> str:
        units = ["cross-entropy" if name in self.with_classes else "mean squared error" for name in self.by_output]
        return ", ".join(sorted(set(units), reverse=True))


def draw_loss(path: Path, losses: Losses) -> None:
    """Write loss.png, 1200x600: each output's loss and the sum of all, by batch. Raises Unwritable."""
    figure, axes = _paper(1200, 600)
    x = np.asarray(losses.batches)
    curves = {name: np.asarray(values, np.float64) for name, values in losses.by_output.items()}
    span = max(len(x) / 40, 5.0)
    everything = np.sum(list(curves.values()), axis=0)
    axes.plot(x, everything, color=FAINT, lw=0.8, alpha=0.7, label="sum, every batch")
    axes.plot(x, smoothed(everything, span), color=INK, lw=2.6, label="sum")
    for name, values in curves.items():
        axes.plot(x, smoothed(values, span), color=COLOURS[name], lw=2.0, label=_words(name))
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.set_xlabel("batches of training")
    axes.set_ylabel(f"loss ({losses.unit})")
    axes.margins(x=0.01)
    axes.grid(axis="y", which="both", color=FAINT, lw=0.6, alpha=0.6)
    axes.legend(loc="upper right", frameon=False)
    _title(figure, "What it still gets wrong", f"loss on the samples of each batch, {len(x):,} batches, smoothed")
    with written(path) as file:
        figure.savefig(file, format="png")


def draw_labels(
    path: Path, before: Mapping[str, Values], own: Mapping[str, Values], other: Mapping[str, Values]
) -> None:
    """Write labels.png, 1200x800: the share of each bin of labels, by output, before and after balancing.

    before: ticks per bin as driven. own, other: samples per bin after balancing, those emitted in the output's own sets
    and those emitted in the other outputs' sets, which train it too. Raises Unwritable.
    """
    figure, grid = _paper(1200, 800, 2, 2)
    for row, name in zip(grid, OUTPUTS, strict=True):
        _bars(row[0], before[name], None, COLOURS[name])
        _bars(row[1], own[name], other[name], COLOURS[name])
        row[0].set_ylabel(f"{_words(name)}\nshare of all")
    grid[0][0].set_title(f"as driven: {int(before[OUTPUTS[0]].sum()):,} ticks", loc="left", color=INK, pad=10)
    samples = int(own[OUTPUTS[0]].sum() + other[OUTPUTS[0]].sum())
    grid[0][1].set_title(f"balanced: {samples:,} samples", loc="left", color=INK, pad=10)
    grid[0][1].legend(["from its own sets", "from the other output's"], loc="upper center", frameon=False, ncols=2)
    for axes, ends in ((grid[0], ("full brake", "full throttle")), (grid[1], ("full left", "full right"))):
        for axis in axes:
            axis.set_xticks([0, 5, BINS // 2, 15, BINS - 1], [ends[0], "-0.5", "0", "0.5", ends[1]])
    _title(figure, "What it learns from", "labels in 21 bins: exactly zero alone, and ten on each side")
    with written(path) as file:
        figure.savefig(file, format="png")


def _bars(axes: Axes, lower: Values, upper: Values | None, colour: str) -> None:
    total = max(float(lower.sum() + (0 if upper is None else upper.sum())), 1.0)
    places = np.arange(BINS)
    axes.bar(places, lower / total, width=0.86, color=colour)
    if upper is not None:
        axes.bar(places, upper / total, width=0.86, bottom=lower / total, color=OTHER_SET)
        axes.set_ylim(0, 1.3 * float((lower + upper).max()) / total or 1.0)  # room for the legend
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(axis="y", color=FAINT, lw=0.6, alpha=0.6)
    axes.set_axisbelow(True)


def _paper(width: int, height: int, rows: int = 1, columns: int = 1) -> tuple[Figure, Any]:
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor=PAPER)
    grid = figure.subplots(rows, columns)
    for axes in np.ravel(grid):
        axes.set_facecolor(PAPER)
        axes.tick_params(which="both", colors=INK, labelsize=10, length=0)
        axes.xaxis.label.set_color(INK)
        axes.yaxis.label.set_color(INK)
        for side, spine in axes.spines.items():
            spine.set_visible(side == "bottom")
            spine.set_color(FAINT)
    top = 1 - (110 if rows > 1 else 90) / height
    figure.subplots_adjust(left=0.085, right=0.975, bottom=65 / height, top=top, hspace=0.24, wspace=0.16)
    return figure, grid


def _title(figure: Figure, title: str, beneath: str) -> None:
    height = figure.get_figheight() * _DPI
    figure.text(0.03, 1 - 36 / height, title, fontsize=19, fontweight="bold", color=INK, va="center")
    figure.text(0.03, 1 - 64 / height, beneath, fontsize=11.5, color=INK, alpha=0.7, va="center")


def _words(output: str) -> str:
    return output.replace("_", " / ")
