"""The interactive figure of balance.html: joint histograms and marginals that are moved together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from charles.bins import Scale
from charles.outputs import Output
from charles.plots.counting import ACROSS, UP, Counts, Histograms
from charles.plots.style import COLOURS, DRIVEN, FAINT, FONT, INK, PAPER, RAMP, Values, first, marks, words

_ALL = "all sets"
_LEFT, _RIGHT = 1, 4
"""The columns of the two joint histograms; the marginal of what is upwards is in the next one."""
_WIDTHS = [0.38, 0.09, 0.04, 0.38, 0.09]
_HEIGHTS, _BELOW = [110, 440], 180
_PERCENT = ".1~%"

Seen = Mapping[str, Histograms]


def figure(counts: Counts) -> go.Figure:
    """As driven on the left, balanced on the right; below them the outputs whose bins are not those of the axes."""
    others = [output for output in counts.outputs if not counts.own_axis(output)]
    drawn = make_subplots(
        rows=2 + len(others),
        cols=len(_WIDTHS),
        column_widths=_WIDTHS,
        row_heights=[*_HEIGHTS, *[_BELOW] * len(others)],
        horizontal_spacing=0.015,
        vertical_spacing=0.08 if others else 0.02,
        specs=[
            [{}, None, None, {}, None],
            [{}, {}, None, {}, {}],
            *([{"colspan": len(_WIDTHS)}, *[None] * (len(_WIDTHS) - 1)] for _ in others),
        ],
    )
    driven, sets = {"driven": counts.drive.seen}, {name: each.seen for name, each in counts.sets.items()}
    _add_block(drawn, _LEFT, counts.axis, driven)
    _add_block(drawn, _RIGHT, counts.axis, sets)
    for row, output in enumerate(others, start=3):
        _add_own_bins(drawn, row, counts, output, sets)
    right = next(drawn.select_xaxes(row=2, col=_RIGHT)).domain[0]
    _add_heading(drawn, 0.0, f"as driven: {counts.drive.ticks:,} ticks")
    _add_heading(drawn, right, f"balanced ({counts.version}): {counts.samples:,} samples")
    drawn.update_layout(
        barmode="stack",
        bargap=0.14,
        hovermode="closest",
        height=740 + 260 * len(others),
        paper_bgcolor=PAPER,
        plot_bgcolor="#ffffff",
        font={"color": INK, "family": FONT},
        legend={"orientation": "h", "x": right, "y": 1.0, "yanchor": "bottom"},
        margin={"l": 90, "r": 90, "t": 130, "b": 50},
        updatemenus=_choices(drawn, list(sets)),
        coloraxis=_colours(drawn),
    )
    return drawn


def _add_block(drawn: go.Figure, column: int, scale: Scale, seen: Seen) -> None:
    """A joint histogram, with the marginals of what it is the sum of."""
    for heatmap in _heatmaps(scale, seen):
        drawn.add_trace(heatmap, 2, column)
    total = sum(float(each.joint.sum()) for each in seen.values())
    for name, each in first(ACROSS, seen).items():
        bars = _bars(scale, each.joint.sum(axis=1), total, name)
        drawn.add_trace(bars.update(showlegend=column == _RIGHT), 1, column)
    for name, each in first(UP, seen).items():
        bars = _bars(scale, each.joint.sum(axis=0), total, name)
        drawn.add_trace(bars.update(x=bars.y, y=bars.x, orientation="h"), 2, column + 1)
    joint = drawn.get_subplot(2, column)
    along = {"range": [-0.5, len(scale) - 0.5], "showgrid": False, "zeroline": False}
    for value, axis, above in (
        (ACROSS, joint.xaxis, drawn.get_subplot(1, column).xaxis),
        (UP, joint.yaxis, drawn.get_subplot(2, column + 1).yaxis),
    ):
        places, names = marks(scale, value)
        axis.update(along, tickvals=places, ticktext=names, title_text=words(value), title_standoff=4)
        above.update(along, showticklabels=False, matches=axis.plotly_name.replace("axis", ""))
    drawn.update_yaxes(tickformat=_PERCENT, nticks=4, gridcolor=FAINT, row=1, col=column)
    drawn.update_xaxes(tickformat=_PERCENT, nticks=3, gridcolor=FAINT, side="top", row=2, col=column + 1)


def _heatmaps(scale: Scale, seen: Seen) -> Iterator[go.Heatmap]:
    """The joint histogram of all, which is shown at first, and of each kind of set where there are several."""
    yield _heatmap(scale, np.sum([each.joint for each in seen.values()], axis=0), _ALL)
    if len(seen) > 1:
        for name, each in seen.items():
            yield _heatmap(scale, each.joint, name)


def _heatmap(scale: Scale, joint: Values, name: str) -> go.Heatmap:
    """What never came has no colour."""
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


def _add_own_bins(drawn: go.Figure, row: int, counts: Counts, output: Output, sets: Seen) -> None:
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
    """One scale for all heatmaps: powers of ten."""
    powers = [z for trace in drawn.select_traces({"type": "heatmap"}) for row in trace.z for z in row if z is not None]
    ticks = list(range(math.floor(min(powers)), 1))
    bar = {"title": "share", "len": 0.6, "y": 0.4, "thickness": 14, "outlinewidth": 0, "x": 1.01, "tickvals": ticks}
    return {
        "colorscale": [[place / (len(RAMP) - 1), colour] for place, colour in enumerate(RAMP)],
        "cmin": min(powers),
        "cmax": max(powers),
        "colorbar": bar | {"ticktext": [f"{100 * 10.0**power:g} %" for power in ticks]},
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
