"""Where a supervisor's programs offer their metrics, for the Prometheus of this machine.

scrape_configs:
  - job_name: charles
    file_sd_configs: [{files: [/home/me/charles/data/logs/prometheus*.json]}]
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from charles.base.atomic_file import written
from charles.programs import Program
from charles.settings import Settings

BROKER = "kafka"
"""The broker's name, as a program and as an instance."""
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
"""Where those who listen everywhere are found on their own machine."""


@contextmanager
def listed(
    planned: Sequence[tuple[Program, Settings]], folder: Path, prefix: str = "", broker_port: int | None = None
) -> Iterator[None]:
    """A file in the folder says, while this lasts, where each program that has a port for its metrics offers them;
    nothing where none has. prefix: of the programs' names; broker_port: of a broker that offers its own.

    Raises Unwritable.
    """
    ports = [(program.name, getattr(own, program.name).name, own.metrics) for program, own in planned]
    groups = [_group(program, name, at.host, at.port) for program, name, at in ports if at.port is not None]
    if broker_port is not None:
        groups.append(_group(BROKER, BROKER, "127.0.0.1", broker_port))
    path = folder / (f"prometheus-{prefix}.json" if prefix else "prometheus.json")
    if groups:
        with written(path) as draft:
            draft.write_text(json.dumps(groups, indent=2) + "\n", encoding="utf-8")
    try:
        yield
    finally:
        # Its programs are gone on purpose: Prometheus shall not call them down.
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _group(program: str, name: str, host: str, port: int) -> dict[str, object]:
    host = _EVERYWHERE.get(host, host)
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return {"targets": [target], "labels": {"program": program, "instance": name}}
