"""The two programs' parts, put together: what balances is asked for only where there is something to balance."""

from __future__ import annotations

import importlib
from typing import cast

from charles.base.shutdown import Stop
from charles.offline.plan import Outcome, Plan
from charles.offline.refused import Refused
from charles.offline.samples import BalancedSamples, Samples

_BALANCER = "stream_jobs.balancer.recorded"
_TRAINER = "consumers.trainer.offline"


def samples_of(plan: Plan, refused: Refused) -> Samples:
    """The samples to train on. Raises RecordingError."""
    if plan.source == "balanced":
        return BalancedSamples(plan.recording)
    balancer = importlib.import_module(_BALANCER)
    return cast(Samples, balancer.RebalancedSamples(plan.recording, plan.settings, refused))


def run(plan: Plan, stop: Stop, refused: Refused) -> Outcome:
    """Train as planned. Raises what consumers.trainer.offline.train() raises."""
    trainer = importlib.import_module(_TRAINER)
    return cast(Outcome, trainer.train(plan, samples_of(plan, refused), refused, stop))
