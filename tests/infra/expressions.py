"""Every PromQL expression that we have: of panels, of the dashboards' variables and of rules; and what it speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from charles.metrics.table import ROWS
from infra.grafana.dashboards_json import dashboards

ROOT = Path(__file__).parents[2]
RULES = ROOT / "infra/prometheus/rules.yml"
JMX = ROOT / "infra/kafka/jmx.yml"

_METRIC = re.compile(r"\b((?:charles|rdkafka|kafka|process)_\w+)")
_MATCHER = re.compile(r"\b((?:charles|rdkafka|kafka|process)_\w+)\{([^}]*)\}")
_FROM_PROMETHEUS = {"instance", "job", "le"}


@dataclass(frozen=True, slots=True)
class Expression:
    """PromQL, where it stands in words, and how its series are called, where it is a panel's."""

    where: str
    text: str
    legend: str = ""

    def name(self, labels: dict[str, str]) -> str:
        """How Grafana calls a series."""
        return re.sub(r"\{\{(\w+)\}\}", lambda label: labels.get(label[1], ""), self.legend)

    @property
    def metrics(self) -> set[str]:
        """The metrics it asks for, as they stand in the tables: without a histogram's _bucket, _sum and _count."""
        return {_plain(name) for name in _METRIC.findall(_without_labels(self.text))}

    @property
    def matchers(self) -> Iterator[tuple[str, str]]:
        """Each metric with each label that it is chosen by."""
        for metric, inside in _MATCHER.findall(self.text):
            for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", inside):
                yield _plain(metric), label


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every panel, with the title of its dashboard."""
    for dashboard in dashboards():
        for panel in dashboard["panels"]:
            if panel["type"] != "row":
                yield dashboard["title"], panel


def of_panels() -> list[Expression]:
    return [
        Expression(f"{title}: {panel['title']} ({target['legendFormat']})", target["expr"], target["legendFormat"])
        for title, panel in panels()
        for target in panel["targets"]
    ]


def of_variables() -> list[Expression]:
    return [
        Expression(f"{dashboard['title']}: ${variable['name']}", variable["query"])
        for dashboard in dashboards()
        for variable in dashboard["templating"]["list"]
        if variable["type"] == "query"
    ]


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def of_rules() -> list[Expression]:
    return [Expression(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()]


def labels() -> dict[str, set[str]]:
    """Every metric that there is, with its labels: our own and the broker's."""
    ours = {row.name: {*row.labels} | _FROM_PROMETHEUS for row in ROWS}
    theirs = {
        rule["name"]: {*rule.get("labels", {})} | _FROM_PROMETHEUS for rule in yaml.safe_load(JMX.read_text())["rules"]
    }
    return ours | theirs


def _plain(name: str) -> str:
    histogram = re.sub(r"_(bucket|sum|count)$", "", name)
    return histogram if any(row.name == histogram and row.kind == "histogram" for row in ROWS) else name


def _without_labels(text: str) -> str:
    """Label values may look like metrics' names."""
    return re.sub(r'"[^"]*"', '""', text)
