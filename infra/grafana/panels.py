"""How every dashboard looks: one place for colours, sizes, queries and kinds of panels.

A panel has a title, a unit, a legend that means something, and a description that says what to look for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import units as unit_names

from charles.metrics import status_metrics
from infra.grafana.client import ALARM, CHECKPOINT, CONFIG, DEAD_LETTER, TAG, TRAINING

DATASOURCE = "charles-prometheus"
"""The provisioned data source's uid; on another Grafana the variable `datasource` chooses."""
GRAFANA = model.DataSourceRef(type_val="grafana", uid="-- Grafana --")
PROMETHEUS = model.DataSourceRef(type_val="prometheus", uid="${datasource}")

GOOD, WARN, BAD, CALM, MUTED = "green", "orange", "red", "blue", "#6e7681"
WINDOW = "[$__rate_interval]"

TICKS_S, SAMPLES_S, RECORDS_S, SETS_MIN = "ticks/s", "samples/s", "records/s", "sets/min"
SECONDS, BYTES, BYTES_S, SHARE, COUNT = (
    unit_names.Seconds, unit_names.BytesIEC, unit_names.BytesPerSecondIEC, unit_names.PercentUnit, unit_names.Short,
)  # fmt: skip

NAMED = " * on (instance) group_left (name) max by (instance, name) (charles_program_info)"
"""Joins the program's name to a metric that does not have it as a label."""

Panel = stat.Panel | timeseries.Panel | bargauge.Panel | statetimeline.Panel
Steps = Sequence[tuple[float | None, str]]
"""Thresholds: from which value on which colour; None: from the lowest."""
_P = TypeVar("_P", stat.Panel, timeseries.Panel, bargauge.Panel, statetimeline.Panel)

_EVENTS = (
    ("Checkpoints", CHECKPOINT, CALM),
    ("Training starts and stops", TRAINING, GOOD),
    ("Configuration and lines", CONFIG, "purple"),
    ("Alarms", ALARM, BAD),
    ("Dead letters", DEAD_LETTER, WARN),
)
"""What the annotator writes: its name here, its tag, its colour."""


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL, and how its series are called: {{label}}."""

    expr: str
    legend: str


def quantiles(histogram: str, of: str = "") -> list[Query]:
    """The median, the 95th and the 99th percentile of a histogram. of: matchers, as model="pilot"."""
    matchers = f"{{{of}}}" if of else ""
    rates = f"sum by (le) (rate({histogram}_bucket{matchers}{WINDOW}))"
    return [Query(f"histogram_quantile({q}, {rates})", f"p{round(q * 100)}") for q in (0.5, 0.95, 0.99)]


def board(
    uid: str,
    title: str,
    says: str,
    variable: dashboard.QueryVariable,
    top: Sequence[stat.Panel],
    rows: Mapping[str, Sequence[Panel]],
) -> Dashboard:
    """A dashboard, with what all have: data source, annotations, links to the others. top: what matters most."""
    builder = (
        Dashboard(title)
        .uid(uid)
        .description(says)
        .tags([TAG])
        .time("now-30m", "now")
        .refresh("10s")
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("Charles")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .keep_time(True)
            .include_vars(True)
        )
        .with_variable(
            dashboard.DatasourceVariable("datasource")
            .label("Prometheus")
            .type("prometheus")
            .current(model.VariableOption(text="Prometheus", value=DATASOURCE))
        )
        .with_variable(variable)
    )
    for event in _EVENTS:
        builder = builder.annotation(_events(*event))
    ids = count(1)
    for panel in top:
        builder = builder.with_panel(panel.id(next(ids)))
    for name, panels in rows.items():
        builder = builder.with_row(dashboard.Row(name).id(next(ids)))
        for one in panels:
            builder = builder.with_panel(one.id(next(ids)))
    return builder


def choice(name: str, label: str, query: str) -> dashboard.QueryVariable:
    """A variable that chooses some or all of a label's values. query: as label_values(METRIC, LABEL)."""
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .query(query)
        .datasource(PROMETHEUS)
        .include_all(True)
        .all_value(".*")
        .multi(True)
        .current(model.VariableOption(text=["All"], value=["$__all"]))
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.NATURAL_ASC)
    )


def figure(
    title: str,
    says: str,
    unit: str,
    query: Query,
    steps: Steps,
    *,
    words: Mapping[str, str] | None = None,
    decimals: int | None = None,
    width: int = 4,
) -> stat.Panel:
    """One number, coloured by what it means. words: what to write in a number's place."""
    panel = (
        stat.Panel()
        .color_mode(looks.BigValueColorMode.BACKGROUND_SOLID)
        .graph_mode(looks.BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .no_value("no data")
    )
    if decimals is not None:
        panel = panel.decimals(decimals)
    if words is not None:
        results = {value: model.ValueMappingResult(text=text) for value, text in words.items()}
        panel = panel.mappings([model.ValueMap(options=results)])
    return _dressed(panel, title, says, unit, [query], steps).span(width).height(4)


def lines(
    title: str,
    says: str,
    unit: str,
    *queries: Query,
    steps: Steps = ((None, GOOD),),
    lowest: float | None = 0,
    highest: float | None = None,
    width: int = 8,
    height: int = 8,
) -> timeseries.Panel:
    """Figures over time. steps: drawn as lines where there are several."""
    panel = _over_time(height).fill_opacity(8)
    if len(steps) > 1:
        panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(looks.GraphThresholdsStyleMode.DASHED))
    if lowest is not None:
        panel = panel.min(lowest)
    if highest is not None:
        panel = panel.max(highest)
    return _dressed(panel, title, says, unit, queries, steps).span(width)


def stacked(
    title: str,
    says: str,
    unit: str,
    *queries: Query,
    colours: Mapping[str, str],
    total: Query | None = None,
    width: int = 8,
    height: int = 8,
) -> timeseries.Panel:
    """Figures that sum up to something. colours: by legend; total: what they should sum up to, as a line on top."""
    panel = _over_time(height).fill_opacity(70).line_width(0).min(0)
    panel = panel.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL).group("A"))
    for legend, colour in colours.items():
        panel = panel.override_by_name(legend, [_value("color", {"mode": "fixed", "fixedColor": colour})])
    if total is not None:
        own = {"stacking": {"mode": "none"}, "fillOpacity": 0, "lineWidth": 2, "lineStyle": {"fill": "dash"}}
        values = [_value(f"custom.{name}", value) for name, value in own.items()]
        fixed = _value("color", {"mode": "fixed", "fixedColor": "text"})
        panel = panel.override_by_name(total.legend, [*values, fixed])
    return _dressed(panel, title, says, unit, [*queries, *([total] if total else [])], ((None, GOOD),)).span(width)


def bars(
    title: str, says: str, unit: str, query: Query, steps: Steps, *, width: int = 8, height: int = 8
) -> bargauge.Panel:
    """The current value of each series, side by side."""
    panel = (
        bargauge.Panel()
        .orientation(looks.VizOrientation.HORIZONTAL)
        .display_mode(looks.BarGaugeDisplayMode.BASIC)
        .value_mode(looks.BarGaugeValueMode.COLOR)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .min(0)
        .height(height)
    )
    return _dressed(panel, title, says, unit, [query], steps).span(width)


def states(title: str, says: str, query: Query, *, width: int = 12, height: int = 8) -> statetimeline.Panel:
    """What each series says it is in, over time, by the state's number. The words stand in STATES."""
    results = {
        str(number): model.ValueMappingResult(text=text, color=colour)
        for number, (text, colour) in enumerate(STATES.items())
    }
    panel = (
        statetimeline.Panel()
        .mappings([model.ValueMap(options=results)])
        .show_value(looks.VisibilityMode.AUTO)
        .merge_values(True)
        .height(height)
    )
    return _dressed(panel, title, says, COUNT, [query], ((None, MUTED),)).span(width)


STATES = dict(zip(status_metrics.STATES, (MUTED, CALM, GOOD, WARN, MUTED, MUTED, BAD), strict=True))
"""What a program says it does, and how that looks."""


def _over_time(height: int) -> timeseries.Panel:
    return (
        timeseries.Panel()
        .line_width(2)
        .show_points(looks.VisibilityMode.NEVER)
        .span_nulls(False)
        .legend(
            common.VizLegendOptions()
            .display_mode(looks.LegendDisplayMode.TABLE)
            .placement(looks.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
        .height(height)
    )


def _dressed(panel: _P, title: str, says: str, unit: str, queries: Sequence[Query], steps: Steps) -> _P:
    """With what every panel has."""
    thresholds = [model.Threshold(value=value, color=colour) for value, colour in steps]
    panel = (
        panel.title(title)
        .description(says)
        .unit(unit)
        .datasource(PROMETHEUS)
        .thresholds(dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(thresholds))
    )
    for index, query in enumerate(queries):
        target = prometheus.Dataquery().expr(query.expr).legend_format(query.legend).range()
        panel = panel.with_target(target.ref_id(chr(ord("A") + index)))
    return panel


def _events(name: str, tag: str, colour: str) -> dashboard.AnnotationQuery:
    target = dashboard.AnnotationTarget().type("tags").tags([TAG, tag]).match_any(False).limit(200)
    return dashboard.AnnotationQuery().name(name).datasource(GRAFANA).enable(True).icon_color(colour).target(target)


def _value(name: str, value: Any) -> model.DynamicConfigValue:
    return model.DynamicConfigValue(id_val=name, value=value)
