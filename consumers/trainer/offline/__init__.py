"""Training from a recording, without a broker: the balancing engine and the trainer, as they are, fed from files.

charles train --recording DIR
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from charles.base import logs
from charles.base.shutdown import Stop
from charles.settings import Settings
from consumers.trainer.offline import plan
from consumers.trainer.offline.recorded_samples import BalancedSamples, Samples
from consumers.trainer.offline.unusable_records import UnusableRecords

log = logging.getLogger(__name__)


def main(settings: Settings, recording: Path, **wanted: Any) -> None:
    """Train until everything is learned from, all batches are, or somebody says stop, and say what came of it.

    wanted: as plan.make() takes it. Raises what plan.make() and train.train() raise.
    """
    made = plan.make(settings, recording, **wanted)
    logs.set_up(settings.logs, settings.redactor, "trainer", made.folder.name)
    _tell(made)
    refused = UnusableRecords()
    from consumers.trainer.offline.train import train

    outcome = train(made, samples_of(made, refused), refused, Stop())
    ends = "ended" if outcome.whole else "stopped; run the same command to resume"
    log.info(
        "%s after %d batches and %d samples; %d samples left in the buffers, %d unusable",
        *(ends, outcome.batch, outcome.read, outcome.buffered, refused.count),
    )
    log.info("evaluate the weights with: charles evaluate --weights %s", made.folder / "weights.safetensors")


def samples_of(made: plan.TrainingPlan, refused: UnusableRecords) -> Samples:
    """The samples to train on: those of the recording, or what its frames and controls make. Raises RecordingError."""
    if made.source == "balanced":
        return BalancedSamples(made.recording)
    from consumers.trainer.offline.rebalanced_samples import RebalancedSamples

    return RebalancedSamples(made.recording, made.settings, refused)


def _tell(made: plan.TrainingPlan) -> None:
    """What is used."""
    samples = "balanced samples" if made.source == "balanced" else "frames and controls, balanced here"
    log.info("recording %s (%s): %s", made.recording.folder, made.facts.recording[:12], samples)
    log.info("under %s; into %s%s", made.of_config, made.folder, ", deterministic" * made.deterministic)
