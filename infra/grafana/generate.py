"""What is made by code and committed: the dashboards' JSON, and the table of metrics in docs/OPERATIONS.md."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from charles.metrics.table import ROWS
from infra.grafana.broker import broker
from infra.grafana.dashboards_json import FOLDER
from infra.grafana.driving import driving
from infra.grafana.pipeline import pipeline
from infra.grafana.training import training

DASHBOARDS = (pipeline, training, driving, broker)
OPERATIONS = Path(__file__).parents[2] / "docs/OPERATIONS.md"
_BEGINS, _ENDS = "<!-- metrics -->\n", "<!-- end of metrics -->"


def made() -> dict[Path, str]:
    """Each file, as the code makes it."""
    found = {}
    for dashboard in DASHBOARDS:
        document: dict[str, Any] = json.loads(JSONEncoder().encode(dashboard().build()))
        found[FOLDER / f"{dashboard.__name__}.json"] = json.dumps(document, indent=2, sort_keys=True) + "\n"
    page = OPERATIONS.read_text(encoding="utf-8")
    table = f"{_BEGINS}{_metrics()}{_ENDS}"
    found[OPERATIONS] = re.sub(f"{_BEGINS}.*{_ENDS}", lambda _: table, page, flags=re.DOTALL)
    return found


def _metrics() -> str:
    """Every metric, as a table in Markdown."""
    rows = [
        f"| `{row.name}` | {row.kind} | {', '.join(row.labels)} | {row.help} |"
        for row in sorted(ROWS, key=lambda row: row.name)
    ]
    return "\n".join(["| name | kind | labels | what it says |", "| --- | --- | --- | --- |", *rows, ""])
