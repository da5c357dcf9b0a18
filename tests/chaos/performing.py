"""One performance of the chaos, from its seed to its verdict."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from infra.kafka import Progress, no_progress
from tests.chaos import acknowledged, evidence, judging
from tests.chaos.directing import Director, Story, Tell
from tests.chaos.schedule import plan


@dataclass(frozen=True, slots=True)
class Chaos:
    """How much of it. ticks: at least so many are acknowledged; every_s: seconds between two strikes, on average; hz:
    ticks a second of each collector; poison: its odd records for each tick, in [0, 1]."""

    seed: int
    kills: int = 100
    ticks: int = 100_000
    every_s: float = 4.0
    hz: float = 75.0
    poison: float = 0.0


def perform(chaos: Chaos, folder: Path, tell: Tell, progress: Progress = no_progress) -> tuple[Story, judging.Verdict]:
    """Do it, and judge it. folder: where everything is kept that may explain what went wrong. Raises what
    Director.play() raises."""
    with closing(Director(folder, chaos.hz, chaos.poison, tell, progress)) as director:
        director.play(plan(chaos.seed, chaos.kills, chaos.every_s), chaos.ticks)
        tell(director.story, "reading it all")
        found = evidence.collect(director.kafka)
        halves = _noted(director.cast.notes)
        verdict = judging.judge(found, evidence.samples(director.kafka), halves)
    ends = director.story.own_ends
    verdict.demand(judging.OWN_ENDS, not ends, f"exit codes {ends}")
    return director.story, verdict


def _noted(notes: dict[str, Path]) -> Iterator[acknowledged.Half]:
    for collector, file in notes.items():
        yield from acknowledged.read(file, collector)
