"""The interfaces of a training: where its samples come from, and where what it makes goes.

A live one has them in topics (topic_feed.py, checkpointer.py), one from a recording in files (recording_feed.py in
offline/, checkpoint_folder.py).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from charles.checkpoints.identity import ModelIdentity
from charles.checkpoints.packing import Arrays
from charles.events import Checkpoint, Span, TrainingStep
from consumers.trainer.buffers import BufferedSample, Buffers
from consumers.trainer.sample_intake import UnusedSample
from consumers.trainer.trainer_state import TrainerState

if TYPE_CHECKING:
    from charles.models import Learned
    from consumers.trainer.console_and_tensorboard import Scalars


class SampleFeed(Protocol):
    """position: the number of the next sample to read; at_end: all that is there was read; ended: and no more will ever
    come; lag: unread samples, -1: unknown."""

    position: int
    at_end: bool

    @property
    def ended(self) -> bool: ...

    @property
    def lag(self) -> int: ...

    def refill(
        self, offsets: Container[int], first: int, go_on: Callable[[int], bool]
    ) -> dict[int, BufferedSample | UnusedSample]:
        """Read again what was held: the samples at these offsets, from `first` up to the position.

        go_on: told the offset that is reached; false ends it early. What is not there any more is left out.
        """

    def start(self) -> None:
        """Go to the position; take() reads from there."""

    def take(self, buffers: Buffers, wanted: Callable[[], bool]) -> int:
        """Put what has come into the buffers while more is wanted, up to a few hundred; returns how many came."""

    def low(self) -> int | None:
        """The first offset that is still there; None where nobody knows, or all are."""

    def reject(self, held: BufferedSample, reason: str) -> None:
        """Tell of a sample whose picture does not decode."""

    def commit(self) -> None:
        """Tell everybody the place."""


class Checkpoints(Protocol):
    """batch: of the newest one, -1: none."""

    batch: int

    def publish(
        self,
        who: ModelIdentity,
        batch: int,
        weights: Arrays,
        state: Arrays,
        spans: Sequence[Span],
        parents: Sequence[str] = (),
        timeout_s: float = 15.0,
    ) -> None: ...

    def goes_on_from(self, manifest: Checkpoint) -> None:
        """This is the newest checkpoint, of this life or of one before."""

    def tidy(self) -> None:
        """To be called at every turn of the loop."""


class StepDisplay(Protocol):
    """What a person sees of it."""

    def show(self, buffers: Buffers, batch: int, rate: float, learned: Learned | None) -> None: ...


@dataclass(frozen=True, slots=True)
class TrainingInterfaces:
    """Whoever makes them closes them. tell: takes what a batch said."""

    feed: SampleFeed
    checkpoints: Checkpoints
    tell: Callable[[TrainingStep], None]
    scalars: Scalars
    console: StepDisplay


@dataclass(frozen=True, slots=True)
class FoundCheckpoint:
    """A state to go on from. newest: whether it is the newest one, which was whole."""

    manifest: Checkpoint
    saved: TrainerState
    newest: bool
