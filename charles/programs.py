"""THE program table: one row per program. The command line and the supervisor follow it.

Its order is the order in which programs are ended: first those who write, then those who read what they wrote.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """A program is a module with main(settings).

    name: also of its section of the settings. verb: the command that starts it. most: instances that one supervisor may
    run. patience_s: how long it may take to come to an end. yields: whether the others come first when the cores are
    busy: it takes all the time that it gets, and they must keep 30 Hz.
    """

    name: str
    verb: str
    module: str
    most: int
    patience_s: float
    yields: bool
    help: str


# fmt: off
PROGRAMS = (
    Program("collector", "collect", "producers.collector",  99, 10.0, False, "Drive with the game's own driver and publish what it sees and does."),
    Program("balancer",  "balance", "stream_jobs.balancer", 99, 15.0, False, "Join frames and controls, balance them, write whole sets, exactly once."),
    Program("trainer",   "train",   "consumers.trainer",     1, 30.0, True,  "Learn from the balanced samples while they arrive; publish checkpoints."),
    Program("player",    "play",    "consumers.player",     99, 10.0, False, "Drive with the newest weights, live."),
    Program("recorder",  "record",  "consumers.recorder",    1, 30.0, False, "Write topics into a folder, exact to the byte."),
    Program("annotator", "annotate", "consumers.annotator",  1, 10.0, False, "Write what happens onto Grafana's dashboards, as it happens."),
)
# fmt: on

NAMES = tuple(program.name for program in PROGRAMS)

BY_HAND = ("replayer",)
"""Programs that people start for a piece of work that ends: no supervisor keeps them running."""

MODULES = {program.verb: program.module for program in PROGRAMS} | {
    "replay": "producers.replayer",
    "train --recording": "consumers.trainer.offline",
}
"""The module whose main() each command starts."""
