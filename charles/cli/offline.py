"""charles train --recording: a training without a broker."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from charles.base import logs
from charles.cli.running import clear_errors, load_settings

if TYPE_CHECKING:
    from charles.offline.facts import Source
    from charles.offline.plan import Plan

log = logging.getLogger(__name__)

_SOURCES = ("balanced", "raw")


def train_offline(recording: Path, *, overrides: dict[str, dict[str, Any]], source: str | None, **wanted: Any) -> None:
    """wanted: as charles.offline.plan.make() takes it."""
    if source not in (None, *_SOURCES):
        raise typer.BadParameter(f"must be one of {', '.join(_SOURCES)}", param_hint="--from")
    with clear_errors():
        from charles.base.shutdown import Stop, listen_to_supervisor
        from charles.offline import plan, running
        from charles.offline.refused import Refused

        listen_to_supervisor()
        settings = load_settings(**overrides)
        made = plan.make(settings, recording, source=cast("Source | None", source), **wanted)
        logs.set_up(settings, "trainer", made.folder.name)
        _tell(made)
        refused = Refused()
        outcome = running.run(made, Stop(), refused)
    ends = "ended" if outcome.whole else "stopped; the same command goes on"
    log.info(
        "%s after %d batches, %d samples; %d are left in the buffers, %d could not be used",
        *(ends, outcome.batch, outcome.read, outcome.buffered, refused.count),
    )
    log.info("its weights: charles evaluate --weights %s", made.folder / "weights.safetensors")


def _tell(plan: Plan) -> None:
    """What is used."""
    samples = "balanced samples" if plan.source == "balanced" else "frames and controls, balanced here"
    log.info("recording %s (%s): %s", plan.recording.folder, plan.facts.recording[:12], samples)
    log.info("under %s; into %s%s", plan.of_config, plan.folder, ", deterministic" * plan.deterministic)
