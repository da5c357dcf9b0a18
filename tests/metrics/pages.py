"""Pages of metrics, as Prometheus reads them."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterable

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from charles.metrics.table import MetricRow


def page(target: str) -> str:
    """The text at host:port."""
    with urllib.request.urlopen(f"http://{target}/metrics", timeout=30) as answer:
        return str(answer.read().decode())


def samples(text: str) -> list[Sample]:
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def of(row: MetricRow, found: Iterable[Sample]) -> list[Sample]:
    """The samples of a metric: of a histogram, how many it counted, with each set of labels."""
    name = f"{row.name}_count" if row.kind == "histogram" else row.name
    return [sample for sample in found if sample.name == name]
