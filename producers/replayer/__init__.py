"""The replayer: puts what was recorded back into topics, in the recorded order, at the recorded pace.

What it writes is what was recorded: keys, values, headers, partitions and timestamps, to the byte, unless it is asked
for other runs or for timestamps of today.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from charles.settings import Settings

if TYPE_CHECKING:
    from charles.recordings.replay_outcome import ReplayOutcome
    from producers.replayer.plan import ReplayPlan
    from producers.replayer.resume_point import Place

log = logging.getLogger(__name__)

_PATIENCE_S = 3.0
_TERMINAL_S = 0.2


def main(settings: Settings) -> ReplayOutcome:
    """Replay what settings.replayer says, until its end or until told to stop.

    Raises ConfigError and RecordingError for what cannot be replayed, HeldAlready where it is there already,
    AnotherReplay where it cannot be resumed, BrokerUnavailable, WrongTopics, and CutShort where it could not come to
    its end.
    """
    from contextlib import closing

    from charles.base.shutdown import Stop
    from charles.control.link import Link
    from charles.kafka.clients import require_broker
    from producers.replayer import target_topics
    from producers.replayer.keyboard import Keys
    from producers.replayer.plan import planned
    from producers.replayer.replay import Replay
    from producers.replayer.sender import ReplaySender

    plan = planned(settings)
    for name, why in plan.left_out.items():
        log.info("not replaying %s: %s", name, why)
    require_broker(plan.kafka, _PATIENCE_S)
    target_topics.require_partitions(plan)
    there = _what_is_there(plan)
    for words in target_topics.prepare(plan):
        log.warning("%s", words)
    stop, own = Stop(), settings.model_copy(update={"kafka": plan.kafka})
    with (
        Link(own, "replayer", settings.replayer.name, stop) as link,
        closing(
            ReplaySender(plan.kafka, keeps_timestamps=plan.keeps_timestamps, paced=plan.speed is not None)
        ) as sender,
        Keys() as keys,
    ):
        link.begin()
        if keys.live:
            log.info("space: pause; right, left: seek by 10 s; q: stop")
        return Replay(plan, link, stop, sender, keys).run(there)


def _what_is_there(plan: ReplayPlan) -> dict[Place, int]:
    """How many records of each partition are to be passed over. Raises HeldAlready where there should be none, and
    AnotherReplay where they are others."""
    from charles.base.logs import ProgressLine
    from charles.base.time_format import iso
    from producers.replayer.existing_runs_check import refuse_repeats
    from producers.replayer.resume_point import behind

    if plan.new_run:
        return {}  # the records get names that nothing has
    progress = ProgressLine(log, _TERMINAL_S, sys.stderr)

    def tell_holding(full: str, read: int, held: int) -> None:
        if progress.due():
            progress.show(f"checking {full} for these runs: {read:,} of {held:,} records")

    def tell_behind(position_ms: int) -> None:
        if progress.due():
            progress.show(f"finding the position to resume from: {iso(position_ms)}")

    try:
        if plan.resume:
            return behind(plan, tell_behind)
        refuse_repeats(plan, tell_holding)
        return {}
    finally:
        progress.clear()
