"""Whether the topics hold already what shall be replayed.

Where there are records, their headers are read, all of them, the smallest topic first, until one is of a run that is
to be replayed: no other place says it of every topic, whoever wrote it. That takes as long as the broker needs to hand
out the topics, and no time where they are empty. Topics whose records have no runs must be empty.
"""

from __future__ import annotations

from collections.abc import Callable

from charles import topics
from charles.kafka.clients import name
from charles.kafka.reading import NoTopic, read_to_end, spans
from charles.recordings.format.record import from_message
from charles.topics import Topic
from producers.replayer.plan import RUN_TOPICS, ReplayPlan, run_of

_ORDER = (topics.CONTROLS, topics.BALANCED, topics.FRAMES, topics.TRAINING, topics.DRIVING)

Tell = Callable[[str, int, int], None]
"""Is told how far the reading is: topic, records read, records there are, about."""


class HeldAlready(RuntimeError):
    """The topics hold what shall be replayed; the message says what, and what to do."""


def refuse_repeats(plan: ReplayPlan, tell: Tell) -> None:
    """Return where nothing of it is there. Raises HeldAlready, KafkaException, TimeoutError."""
    runs = plan.runs()
    for topic in _ORDER:
        if topic in plan.topics and (held := held_records(plan, topic)):
            if topic not in RUN_TOPICS:
                raise HeldAlready(_not_empty(plan, topic))
            _refuse_runs(plan, topic, runs, held, tell)


def held_records(plan: ReplayPlan, topic: Topic) -> int:
    """How many records a topic holds, about; 0 also where there is no such topic."""
    try:
        return sum(span.end - span.first for span in spans(plan.kafka, name(plan.kafka, topic)).values())
    except NoTopic:
        return 0


def _refuse_runs(plan: ReplayPlan, topic: Topic, runs: set[tuple[str, str]], held: int, tell: Tell) -> None:
    full = name(plan.kafka, topic)
    for read, message in enumerate(read_to_end(plan.kafka, full)):
        tell(full, read, held)
        run = run_of(from_message(message))
        if run in runs:
            raise HeldAlready(
                f"{full} already has run {run[1]} of {run[0]}, and runs must be unique: rename the runs (--new-run), "
                f"replay to another --prefix, or continue an interrupted replay (--resume){_delete(plan)}"
            )


def _not_empty(plan: ReplayPlan, topic: Topic) -> str:
    others = ",".join(each.name for each in plan.topics if each in RUN_TOPICS)
    leave_out = f"leave the topic out (--topics {others})" if others else "leave the topic out"
    return (
        f"{name(plan.kafka, topic)} is not empty, and its records have no run by which to find duplicates: "
        f"{leave_out}, replay to another --prefix, or continue an interrupted replay (--resume){_delete(plan)}"
    )


def _delete(plan: ReplayPlan) -> str:
    if plan.kafka.prefix == plan.recording.manifest.prefix:
        return ""  # what is there may be the original
    return f"; `CHARLES_KAFKA__PREFIX={plan.kafka.prefix} charles reset --yes` deletes all that is there"
