"""The trainer's side of the ledger: `emitted = unread + expired + surplus + rejected + buffered + drawn`, per model.

emitted comes from the balancer's ledger (ticks.py); the other terms come from the trainer's heartbeat. unread is
emitted minus read. It includes samples that retention deleted before they were read, and samples emitted since the
heartbeat. `ahead` is an upper bound of the records ahead of it in the log, because transaction markers count too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from charles.events import Status

COUNTED = ("expired", "surplus", "rejected", "buffered", "drawn")
TERMS = ("unread", *COUNTED)


@dataclass(frozen=True, slots=True)
class TrainerLedger:
    """Where the emitted samples went with one model. time: of its heartbeat; read: all that came; terms: what became of
    them, and unread; ahead: unread records in its log at most, -1: not known."""

    model: str
    trainer: str
    time: datetime
    emitted: int
    read: int
    terms: dict[str, int]
    ahead: int

    @property
    def adds_up(self) -> bool:
        """Whether read equals the sum of its terms, and is at most what was emitted."""
        return self.read == sum(self.terms[term] for term in COUNTED) and self.terms["unread"] >= 0


def newest_of_trainers(heartbeats: Iterable[Status]) -> list[Status]:
    """The newest heartbeat of each model's trainer that has counts.

    Read them before the balancer's ledger, which then includes everything that the trainers have read.
    """
    found: dict[str, Status] = {}
    for status in heartbeats:
        if status.program == "trainer" and {"read", *COUNTED} <= status.figures.keys():
            found[status.model] = status
    return [found[model] for model in sorted(found)]


def against(emitted: int, trainers: Iterable[Status]) -> list[TrainerLedger]:
    """The trainers' ledgers; emitted: samples of all runs, by the balancer's ledger."""
    return [_ledger(emitted, trainer) for trainer in trainers]


def _ledger(emitted: int, trainer: Status) -> TrainerLedger:
    read = int(trainer.figures["read"])
    counted = {term: int(trainer.figures[term]) for term in COUNTED}
    terms = {"unread": emitted - read} | counted
    return TrainerLedger(trainer.model, trainer.instance, trainer.time, emitted, read, terms, trainer.lag)
