"""The interactive figure of balance.html: joint histograms and marginals that zoom together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from charles.balancing.label_counts import ACROSS, UP, Histograms, LabelCounts, Values
from charles.labels.bins import Scale
from charles.labels.outputs import Output
from charles.plots.style import COLOURS, DRIVEN, FAINT, FONT, INK, PAPER, RAMP, first, marks, words

_ALL = "all sets"
_LEFT, _RIGHT = 1, 4
"""The columns of the two joint histograms; the marginal of what is upwards is in the next one."""
_WIDTHS = [0.38, 0.09, 0.04, 0.38, 0.09]
_ABOVE, _JOINT, _BELOW = 1, 3, 5
"""The rows of marginals, of joint histograms, and of the first output that has bins of its own; gaps are between."""
_HEIGHTS, _MORE = [110, 10, 440], [80, 180]
"""Pixels of each row, and of the two more for each such output."""
_MARGIN = {"l": 90, "r": 90, "t": 130, "b": 60}
_PERCENT = ".1~%"

_TICKS = [math.log10(part) for part in (1, 2, 5)]

Seen = Mapping[str, Histograms]


def figure(counts: LabelCounts) -> go.Figure:
    """As driven on the left, balanced on the right; below them the outputs with bins other than the axes'."""
    others = [output for output in counts.outputs if not counts.own_axis(output)]
    heights = [*_HEIGHTS, *_MORE * len(others)]
    nothing: list[dict[str, int] | None] = [None] * len(_WIDTHS)
    drawn = make_subplots(
        rows=len(heights),
        cols=len(_WIDTHS),
        column_widths=_WIDTHS,
        row_heights=heights,
        horizontal_spacing=0.015,
        vertical_spacing=0,
        specs=[
            [{}, None, None, {}, None],
            nothing,
            [{}, {}, None, {}, {}],
            *([nothing, [{"colspan": len(_WIDTHS)}, *nothing[1:]]] * len(others)),
        ],
    )
    driven, sets = {"driven": counts.drive.seen}, {name: each.seen for name, each in counts.sets.items()}
    _add_block(drawn, _LEFT, counts.axis, driven)
    _add_block(drawn, _RIGHT, counts.axis, sets)
    for number, output in enumerate(others):
        _add_own_bins(drawn, _BELOW + 2 * number, counts, output, sets)
    right = next(drawn.select_xaxes(row=_JOINT, col=_RIGHT)).domain[0]
    _add_heading(drawn, 0.0, f"as driven: {counts.drive.ticks:,} ticks")
    _add_heading(drawn, right, f"balanced ({counts.version}): {counts.samples:,} samples")
    drawn.update_layout(
        barmode="stack",
        bargap=0.14,
        hovermode="closest",
        height=sum(heights) + _MARGIN["t"] + _MARGIN["b"],
        paper_bgcolor=PAPER,
        plot_bgcolor="#ffffff",
        font={"color": INK, "family": FONT},
        legend={"orientation": "h", "x": right, "y": 1.0, "yanchor": "bottom"},
        margin=_MARGIN,
        updatemenus=_choices(drawn, list(sets)),
        coloraxis=_colours(drawn),
    )
    return drawn


def _add_block(drawn: go.Figure, column: int, scale: Scale, seen: Seen) -> None:
    """A joint histogram, with the marginals of what it is the sum of."""
    for heatmap in _heatmaps(scale, seen):
        drawn.add_trace(heatmap, _JOINT, column)
    total = sum(float(each.joint.sum()) for each in seen.values())
    for name, each in first(ACROSS, seen).items():
        bars = _bars(scale, each.joint.sum(axis=1), total, name)
        drawn.add_trace(bars.update(showlegend=column == _RIGHT), _ABOVE, column)
    for name, each in first(UP, seen).items():
        bars = _bars(scale, each.joint.sum(axis=0), total, name)
        drawn.add_trace(bars.update(x=bars.y, y=bars.x, orientation="h"), _JOINT, column + 1)
    joint = drawn.get_subplot(_JOINT, column)
    along = {"range": [-0.5, len(scale) - 0.5], "showgrid": False, "zeroline": False}
    for value, axis, above in (
        (ACROSS, joint.xaxis, drawn.get_subplot(_ABOVE, column).xaxis),
        (UP, joint.yaxis, drawn.get_subplot(_JOINT, column + 1).yaxis),
    ):
        places, names = marks(scale, value)
        axis.update(along, tickvals=places, ticktext=names, title_text=words(value), title_standoff=4)
        above.update(along, showticklabels=False, matches=axis.plotly_name.replace("axis", ""))
    drawn.update_yaxes(tickformat=_PERCENT, nticks=4, gridcolor=FAINT, row=_ABOVE, col=column)
    drawn.update_xaxes(tickformat=_PERCENT, nticks=3, gridcolor=FAINT, side="top", row=_JOINT, col=column + 1)


def _heatmaps(scale: Scale, seen: Seen) -> Iterator[go.Heatmap]:
    """The joint histogram of all, which is shown at first, and of each kind of set where there are several."""
    yield _heatmap(scale, np.sum([each.joint for each in seen.values()], axis=0), _ALL)
    if len(seen) > 1:
        for name, each in seen.items():
            yield _heatmap(scale, each.joint, name)


def _heatmap(scale: Scale, joint: Values, name: str) -> go.Heatmap:
    """Combinations that never came have no colour."""
    across = [f"{words(ACROSS)} {bin_}<br>" for bin_ in scale.names]
    up = [f"{words(UP)} {bin_}<br>" for bin_ in scale.names]
    total = max(float(joint.sum()), 1.0)
    return go.Heatmap(
        z=[[math.log10(count / total) if count else None for count in row] for row in joint.T],
        text=[[a + u + _times(joint[i, k], total) for i, a in enumerate(across)] for k, u in enumerate(up)],
        hovertemplate="%{text}<extra></extra>",
        name=name,
        visible=name == _ALL,
        xgap=1,
        ygap=1,
        coloraxis="coloraxis",
    )


def _bars(scale: Scale, bins: Values, total: float, name: str) -> go.Bar:
    """One part of a marginal, as shares of the total."""
    title = "as driven" if name == "driven" else f"{words(name)} sets"
    return go.Bar(
        x=list(range(len(scale))),
        y=(bins / max(total, 1.0)).tolist(),
        name=title,
        legendgroup=name,
        showlegend=False,
        marker_color=COLOURS.get(name, DRIVEN),
        text=[
            f"{title}<br>{bin_}<br>{_times(count, float(bins.sum()))}"
            for bin_, count in zip(scale.names, bins, strict=True)
        ],
        textposition="none",
        hovertemplate="%{text}<extra></extra>",
    )


def _add_own_bins(drawn: go.Figure, row: int, counts: LabelCounts, output: Output, sets: Seen) -> None:
    """A panel with an output's labels in its own bins: the samples, and a line for what was driven."""
    value, places = output.value, list(range(len(output.scale)))
    for name, each in first(value, sets).items():
        drawn.add_trace(_bars(output.scale, each.labels[value], counts.samples, name), row, 1)
    driven = counts.drive.seen.labels[value]
    line = {"shape": "hvh", "color": INK, "width": 1.2}
    shares = (driven / max(driven.sum(), 1)).tolist()
    drawn.add_trace(go.Scatter(x=places, y=shares, mode="lines", line=line, name="as driven", showlegend=False), row, 1)
    drawn.update_xaxes(tickvals=places, ticktext=list(output.scale.names), showgrid=False, row=row, col=1)
    drawn.update_yaxes(
        title_text=f"{words(value)},<br>{output.kind}", tickformat=_PERCENT, gridcolor=FAINT, row=row, col=1
    )


def _add_heading(drawn: go.Figure, x: float, text: str) -> None:
    drawn.add_annotation(
        text=text, x=x, y=1, yshift=48, xref="paper", yref="paper", xanchor="left", showarrow=False, font_size=16
    )


def _colours(drawn: go.Figure) -> dict[str, Any]:
    """One scale for all heatmaps, of powers of ten."""
    powers = [z for trace in drawn.select_traces({"type": "heatmap"}) for row in trace.z for z in row if z is not None]
    ticks = [power + part for power in range(math.floor(min(powers)), 1) for part in _TICKS]
    top = next(drawn.select_yaxes(row=_JOINT, col=_RIGHT)).domain[1]
    place = {"x": 1.01, "y": top, "yanchor": "top", "lenmode": "pixels", "len": 400, "thickness": 14}
    bar = place | {"title": "share", "outlinewidth": 0, "tickvals": ticks}
    return {
        "colorscale": [[place / (len(RAMP) - 1), colour] for place, colour in enumerate(RAMP)],
        "cmin": min(powers),
        "cmax": max(powers),
        "colorbar": bar | {"ticktext": [f"{100 * 10.0**tick:.3g} %" for tick in ticks]},
    }


def _choices(drawn: go.Figure, kinds: Sequence[str]) -> list[dict[str, Any]]:
    """Buttons for which sets the right joint histogram is of; none where there is one kind alone."""
    if len(kinds) < 2:
        return []
    maps = [number for number, trace in enumerate(drawn.data) if trace.type == "heatmap"][1:]  # the first is as driven
    buttons = [
        {
            "label": _ALL if name == _ALL else f"{words(name)} sets",
            "method": "restyle",
            "args": [{"visible": [drawn.data[number].name == name for number in maps]}, maps],
        }
        for name in (_ALL, *kinds)
    ]
    look = {"bgcolor": PAPER, "bordercolor": FAINT, "font": {"size": 11}, "pad": {"b": 62}}
    place = {"x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom"}
    return [{"type": "buttons", "direction": "right", "buttons": buttons} | look | place]


def _times(count: float, total: float) -> str:
    return f"{int(count):,} times, {100 * count / max(total, 1):.3g} %"
