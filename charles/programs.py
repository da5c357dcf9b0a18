"""THE program table: one row per program. The command line and the supervisor of `charles demo` follow it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """A program is a module with main(settings). verb: the command that starts it; section: of its settings."""

    name: str
    verb: str
    module: str
    section: str
    help: str


# fmt: off
PROGRAMS = (
    Program("collector", "collect", "producers.collector",  "collect", "Drive with the game's own driver and publish what it sees and does."),
    Program("balancer",  "balance", "stream_jobs.balancer", "balance", "Join frames and controls, balance them, write whole sets, exactly once."),
    Program("trainer",   "train",   "consumers.trainer",    "train",   "Learn from the balanced samples while they arrive; publish checkpoints."),
    Program("player",    "play",    "consumers.player",     "play",    "Drive with the newest weights, live."),
)
# fmt: on
