"""loss.png: what a training still gets wrong, over its batches."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from charles.balancing.label_counts import Values
from charles.base.atomic_file import written
from charles.plots.style import COLOURS, FAINT, INK, paper, plain, title, words

_WIDTH, _HEIGHT = 1200, 600


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
    figure = paper(_WIDTH, _HEIGHT)
    figure.subplots_adjust(left=0.085, right=0.975, bottom=65 / _HEIGHT, top=1 - 90 / _HEIGHT)
    axes = figure.subplots()
    plain(axes)
    x = np.asarray(losses.batches)
    curves = {name: np.asarray(values, np.float64) for name, values in losses.by_output.items()}
    span = max(len(x) / 40, 5.0)
    everything = np.sum(list(curves.values()), axis=0)
    axes.plot(x, everything, color=FAINT, lw=0.8, alpha=0.7, label="sum, unsmoothed")
    axes.plot(x, smoothed(everything, span), color=INK, lw=2.6, label="sum")
    for name, values in curves.items():
        axes.plot(x, smoothed(values, span), color=COLOURS[name], lw=2.0, label=words(name))
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    low, high = axes.get_ylim()
    axes.yaxis.set_minor_formatter("{x:g}" if high < 20 * low else "")  # else next to nothing would be labelled
    axes.set_xlabel("batches")
    axes.set_ylabel(f"loss ({losses.unit})")
    axes.margins(x=0.01)
    axes.grid(axis="y", which="both", color=FAINT, lw=0.6, alpha=0.6)
    axes.legend(loc="upper right", frameon=False)
    title(figure, "Training loss", f"loss on the samples of each batch, {len(x):,} batches, smoothed")
    with written(path) as file:
        figure.savefig(file, format="png")
