"""The dashboards as they are committed: what Grafana is given. Needs nothing that only developers have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("dashboards")


def dashboards() -> list[dict[str, Any]]:
    """Every dashboard, as Grafana's JSON."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]
