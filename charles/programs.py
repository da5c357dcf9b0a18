"""THE program table: one row per program. The command line and the supervisor use it. Programs are stopped in its
order: first those that write, then those that read what they wrote.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """A program is a module with main(settings).

    name: also the name of its settings section. verb: the command that starts it. most: maximum number of instances per
    supervisor. patience_s: how long it may take to end. yields: whether it gets lower priority on busy cores; it uses
    all the time that it gets, and the others must keep 30 Hz.
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
    Program("collector", "collect", "producers.collector",  99, 10.0, False, "Drive with the game's own driver and "
        "publish its frames and controls."),
    Program("balancer",  "balance", "stream_jobs.balancer", 99, 15.0, False, "Join frames and controls, balance them, "
        "and write complete sets, exactly once."),
    Program("trainer",   "train",   "consumers.trainer",     1, 30.0, True,  "Train on balanced samples as they "
        "arrive and publish checkpoints."),
    Program("player",    "play",    "consumers.player",     99, 10.0, False, "Drive with the newest weights, live."),
    Program("recorder",  "record",  "consumers.recorder",    1, 30.0, False, "Record topics into a folder, byte for "
        "byte."),
    Program("annotator", "annotate", "consumers.annotator",  1, 10.0, False, "Write events as annotations to "
        "Grafana's dashboards."),
)
# fmt: on

NAMES = tuple(program.name for program in PROGRAMS)

BY_HAND = ("replayer",)
"""Programs that people start for a task that ends; a supervisor does not run them."""

MODULES = {program.verb: program.module for program in PROGRAMS} | {
    "replay": "producers.replayer",
    "train --recording": "consumers.trainer.offline",
}
"""The module whose main() each command starts."""
