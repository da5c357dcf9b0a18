"""THE table of metrics: what its names, helps and labels must be like."""

from __future__ import annotations

import math
import re

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from charles.metrics.table import COMMON, OWN, ROWS, MetricRow, ProgramMetrics, begin
from charles.programs import NAMES

LABELS = {"name", "version", "state", "reason", "topic", "collector", "output", "bin", "term", "model", "line"}
LABELS |= {"part", "kind"}
UNITS = ("seconds", "bytes", "ticks", "samples", "messages", "records", "sets", "meters", "ratio")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_name_follows_the_conventions_of_prometheus(row: MetricRow) -> None:
    assert re.fullmatch(
        r"(charles_(program|collector|balancer|trainer|player|recorder)|rdkafka|process)(_[a-z]+)+", row.name
    )
    assert row.name.endswith("_total") == (row.kind == "counter")
    assert row.kind != "histogram" or row.name.endswith("_seconds")
    assert not re.search(
        r"_(ms|milliseconds|minutes|kb|kilobytes|percent|gauge|counter|count|sum|bucket)(_|$)", row.name
    )
    assert not row.help[0].islower()
    assert row.help.endswith(".")
    assert {*row.labels} <= LABELS
    # A ratio, a number or a 1 has no unit; what is measured in one says so at its end.
    unit = [word for word in row.name.removesuffix("_total").split("_")[1:] if word in UNITS]
    assert not unit or row.name.removesuffix("_total").endswith(unit[-1]) or "_per_second" in row.name


def test_no_name_stands_twice_and_each_belongs_to_a_program_that_there_is() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert {*OWN} <= {*NAMES}


@pytest.mark.parametrize("registry", [COMMON, *OWN.values()], ids=["common", *OWN])
def test_a_page_can_be_read_and_has_a_help_and_a_type_for_each(registry: object) -> None:
    text = generate_latest(registry).decode()  # type: ignore[arg-type]
    families = {family.name: family for family in text_string_to_metric_families(text)}
    rows = [row for row in ROWS if f"# HELP {row.name} " in text]
    assert len(rows) == len(families) > 0
    for row in rows:
        family = families[row.name.removesuffix("_total")]
        assert (family.documentation, family.type) == (row.help, row.kind)


def test_what_is_not_known_is_no_number_and_a_new_life_forgets() -> None:
    ProgramMetrics.epoch.set(7)
    ProgramMetrics.state.labels("running").set(1)
    begin(ProgramMetrics)
    (epoch,) = next(iter(ProgramMetrics.epoch.collect())).samples
    assert math.isnan(epoch.value)
    assert next(iter(ProgramMetrics.state.collect())).samples == []
