"""python -m infra.grafana: write the dashboards' JSON anew, and the table of metrics in docs/OPERATIONS.md."""

from __future__ import annotations

from infra.grafana.generate import made

for path, content in made().items():
    path.write_text(content, encoding="utf-8")
