"""The dashboards' JSON: what the code makes, and what is committed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from infra.grafana.broker import broker
from infra.grafana.committed import FOLDER
from infra.grafana.driving import driving
from infra.grafana.pipeline import pipeline
from infra.grafana.training import training

DASHBOARDS = (pipeline, training, driving, broker)


def made() -> dict[Path, str]:
    """What the code makes: each dashboard's file and its content."""
    found = {}
    for dashboard in DASHBOARDS:
        document: dict[str, Any] = json.loads(JSONEncoder().encode(dashboard().build()))
        found[FOLDER / f"{dashboard.__name__}.json"] = json.dumps(document, indent=2, sort_keys=True) + "\n"
    return found
