"""balance.png: the joint histogram with its marginals, as driven and balanced."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from charles.balancing.label_counts import ACROSS, UP, Histograms, LabelCounts, Values
from charles.base.atomic_file import written
from charles.labels.outputs import Output
from charles.plots.style import COLOURS, DPI, DRIVEN, FAINT, INK, PAPER, RAMP, first, marks, paper, plain, title, words

_WIDTH, _HEIGHT, _BELOW = 1440, 780, 300
_JOINT, _MARGIN, _GAP = 440, 110, 10
_TOP, _LEFTS = 160, (110, 770)
_PERCENT = FuncFormatter(lambda share, _: f"{100 * share:.3g} %")
_COLOURS = LinearSegmentedColormap.from_list("often", RAMP)

Parts = Mapping[str, Values]
"""The parts that a bar is stacked of, from its foot up: counts by bin, by the colour's name."""


def draw_png(path: Path, counts: LabelCounts) -> None:
    """Write balance.png, 1440x780; 300 more where an output's bins are not those of the axes. Raises Unwritable."""
    others = [output for output in counts.outputs if not counts.own_axis(output)]
    figure = paper(_WIDTH, _HEIGHT + (_BELOW if others else 0))
    title(figure, "Label balance: as driven and as trained on", subtitle(counts))
    driven, sets = counts.drive, counts.sets
    balanced = sum((each.seen.joint for each in sets.values()), np.zeros_like(driven.seen.joint))
    norm = _norm(driven.seen.joint, balanced)
    _block(figure, 0, counts, {"driven": driven.seen}, norm)
    _block(figure, 1, counts, {name: each.seen for name, each in sets.items()}, norm)
    _heading(figure, 0, f"as driven: {driven.ticks:,} ticks")
    _heading(figure, 1, f"balanced ({counts.version}): {counts.samples:,} samples")
    _legend(figure, [*sets])
    _colour_bar(figure, 1, norm)
    width = (_WIDTH - 2 * 60) // max(len(others), 1)
    for place, output in enumerate(others):
        _own_bins(_axes(figure, 110 + place * width, _HEIGHT + 50, width - 70, _BELOW - 120), counts, output)
    with written(path) as file:
        figure.savefig(file, format="png")


def draw_driven(path: Path, counts: LabelCounts) -> None:
    """Write only the left half, 780x780, for ticks that were not balanced. Raises Unwritable."""
    figure = paper(_WIDTH - (_LEFTS[1] - _LEFTS[0]), _HEIGHT)
    title(figure, "Labels as driven", subtitle(counts))
    norm = _norm(counts.drive.seen.joint)
    _block(figure, 0, counts, {"driven": counts.drive.seen}, norm)
    _heading(figure, 0, f"{counts.drive.ticks:,} ticks")
    _colour_bar(figure, 0, norm)
    with written(path) as file:
        figure.savefig(file, format="png")


def subtitle(counts: LabelCounts) -> str:
    return f"frequency of each combination of {words(ACROSS)} and {words(UP)}; hatched: never"


def _block(figure: Figure, number: int, counts: LabelCounts, seen: Mapping[str, Histograms], norm: LogNorm) -> None:
    """One joint histogram, with the marginals of what it is the sum of."""
    left, top = _LEFTS[number], _TOP + _MARGIN + _GAP
    scale = counts.axis
    joint = _axes(figure, left, top, _JOINT, _JOINT)
    total = np.sum([each.joint for each in seen.values()], axis=0)
    _joint(joint, total, norm)
    above = _axes(figure, left, _TOP, _JOINT, _MARGIN)
    beside = _axes(figure, left + _JOINT + _GAP, top, _MARGIN, _JOINT)
    _bars(above, first(ACROSS, {name: each.joint.sum(axis=1) for name, each in seen.items()}), len(scale))
    _bars(beside, first(UP, {name: each.joint.sum(axis=0) for name, each in seen.items()}), len(scale), lying=True)
    beside.xaxis.tick_top()
    places, names = marks(scale, ACROSS)
    joint.set_xticks(places, names)
    above.set_xticks([])
    places, names = marks(scale, UP)
    joint.set_yticks(places, names)
    beside.set_yticks([])
    joint.set_xlabel(words(ACROSS))
    joint.set_ylabel(words(UP), labelpad=-30)  # between the words of the axis's ends


def _joint(axes: Axes, joint: Values, norm: LogNorm) -> None:
    axes.set_facecolor("#ffffff")
    axes.patch.set(hatch="////", edgecolor="#e4e0d6", linewidth=0)
    shares = np.ma.masked_equal(joint.T / max(joint.sum(), 1), 0)
    edges = np.arange(len(joint) + 1) - 0.5
    axes.pcolormesh(edges, edges, shares, cmap=_COLOURS, norm=norm, edgecolors=PAPER, linewidth=0.6)


def _bars(axes: Axes, parts: Parts, bins: int, *, lying: bool = False) -> None:
    """Stacked bars of shares; lying: to the right instead of up."""
    places, foot = np.arange(bins), np.zeros(bins)
    total = max(float(sum(part.sum() for part in parts.values())), 1.0)
    for name, part in parts.items():
        shares, colour = part / total, COLOURS.get(name, DRIVEN)
        if lying:
            axes.barh(places, shares, height=0.86, left=foot, color=colour)
        else:
            axes.bar(places, shares, width=0.86, bottom=foot, color=colour)
        foot = foot + shares
    along, lengths = (axes.yaxis, axes.xaxis) if lying else (axes.xaxis, axes.yaxis)
    (axes.set_ylim if lying else axes.set_xlim)(-0.5, bins - 0.5)
    lengths.set_major_formatter(_PERCENT)
    lengths.set_major_locator(MaxNLocator(2, prune="lower") if lying else MaxNLocator(4))
    lengths.grid(color=FAINT, lw=0.6, alpha=0.6)
    along.grid(False)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == ("left" if lying else "bottom"))


def _own_bins(axes: Axes, counts: LabelCounts, output: Output) -> None:
    """An output's labels in its own bins: the samples, and a line for what was driven."""
    driven = counts.drive.seen.labels[output.value]
    size = len(output.scale)
    _bars(axes, first(output.value, {name: sets.seen.labels[output.value] for name, sets in counts.sets.items()}), size)
    axes.stairs(driven / max(driven.sum(), 1), np.arange(size + 1) - 0.5, color=INK, lw=1.2)
    every = -(-size // 9)  # names of at most nine bins, so that they stay apart
    shown = [number for number in range(size) if (number - size // 2) % every == 0]
    axes.set_xticks(shown, [output.scale.names[number] for number in shown], fontsize=8, rotation=30, ha="right")
    axes.set_title(f"{words(output.value)}, {output.kind}; line: as driven", loc="left", fontsize=10.5, color=INK)


def _norm(*joints: Values) -> LogNorm:
    """Colours for the shares of all histograms that are drawn beside each other."""
    shares = np.concatenate([joint[joint > 0] / joint.sum() for joint in joints])
    return LogNorm(shares.min(), max(shares.max(), 2 * shares.min()))


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """A panel at these pixels, from the sheet's top left."""
    wide, high = figure.get_figwidth() * DPI, figure.get_figheight() * DPI
    axes = figure.add_axes((left / wide, 1 - (top + height) / high, width / wide, height / high))
    plain(axes)
    return axes


def _heading(figure: Figure, number: int, text: str) -> None:
    wide, high = figure.get_figwidth() * DPI, figure.get_figheight() * DPI
    figure.text(_LEFTS[number] / wide, 1 - 112 / high, text, fontsize=13, color=INK, va="center")


def _legend(figure: Figure, kinds: list[str]) -> None:
    high = figure.get_figheight() * DPI
    names = [f"{words(kind)} sets" for kind in kinds]
    figure.legend(
        handles=[Patch(color=COLOURS[kind], label=name) for kind, name in zip(kinds, names, strict=True)],
        loc="center left",
        bbox_to_anchor=((_LEFTS[1] - 8) / _WIDTH, 1 - 138 / high),
        ncols=len(kinds),
        frameon=False,
        labelcolor=INK,
        borderpad=0,
    )


def _colour_bar(figure: Figure, number: int, norm: LogNorm) -> None:
    axes = _axes(figure, _LEFTS[number] + _JOINT + _MARGIN + 3 * _GAP + 20, _TOP + _MARGIN + _GAP, 14, _JOINT)
    bar = figure.colorbar(ScalarMappable(norm, _COLOURS), cax=axes)
    bar.outline.set_visible(False)
    bar.minorticks_off()
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(_PERCENT)
    axes.tick_params(which="both", length=0, labelsize=9, colors=INK)
    axes.set_title("share", fontsize=10, color=INK, loc="left")
