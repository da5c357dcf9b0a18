"""What becomes of a sample that comes to the trainer: what the buffers hold of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

from charles.avro.codec import Unreadable
from charles.avro.value_checks import check_past
from charles.base.pictures import Size
from charles.events import Sample
from charles.labels.outputs import LOWEST, Output, deltas
from charles.labels.set_kinds import JOINT
from charles.settings import Settings
from consumers.trainer.buffers import BufferedSample, Buffers
from consumers.trainer.jpeg import check


@dataclass(frozen=True, slots=True)
class SampleShape:
    """What a sample must look like. picture: (width, height), pixels; frames: in a sample; outputs: that are trained;
    set_kinds: that there are buffers for; uses: draws per sample; epoch: of the configuration that says so."""

    picture: Size
    frames: int
    outputs: tuple[Output, ...]
    set_kinds: tuple[str, ...]
    uses: int
    epoch: int

    @classmethod
    def of(cls, settings: Settings, picture: Size) -> Self:
        config = settings.config
        kinds = tuple(kind.name for kind in config.set_kinds)
        return cls(
            picture, config.balance.frames, config.predicted, kinds, config.train.max_times_sampled, settings.epoch
        )


class UnusedSample(Enum):
    """A sample that was balanced under another configuration, and that this one has no use for."""

    SPARE = "spare"


SPARE: Final = UnusedSample.SPARE


def to_hold(sample: Sample, offset: int, shape: SampleShape) -> BufferedSample | UnusedSample:
    """offset: its place. Raises Unreadable and BadPicture for a sample that cannot be trained on."""
    if sample.set_output not in (*LOWEST, JOINT):
        raise Unreadable(f"there is no kind of set {sample.set_output!r}")
    if not _is_of_use(sample, shape):
        return SPARE
    check(sample.frames, shape.picture, shape.frames)
    kind = sys.intern(sample.set_output)
    check_past(sample)
    targets = _targets(sample, shape)
    last = (output.before(sample) for output in deltas(shape.outputs))
    return BufferedSample(
        offset=offset,
        collector=sys.intern(sample.collector),
        run=sys.intern(sample.run),
        tick=sample.tick,
        frames=tuple(sample.frames),
        inputs=(sample.speed, sample.purpose_distance, sample.purpose_bearing, *last),
        targets=targets,
        kind=kind,
        remaining=shape.uses,
        trains=kind if sample.balancing == "v2" else None,
    )


def _targets(sample: Sample, shape: SampleShape) -> tuple[float, ...]:
    try:
        return tuple(output.target(sample) for output in shape.outputs)
    except (ValueError, IndexError) as problem:  # of a change, since the history is not checked before
        raise Unreadable(f"it has no label: {problem}") from None


def take_in(buffers: Buffers, came: BufferedSample | UnusedSample | None) -> None:
    """Hand what has come to the buffers; None: a sample that cannot be trained on, which only counts."""
    if came is None:
        buffers.reject_unread()
    elif isinstance(came, UnusedSample):
        buffers.pass_over()
    else:
        buffers.add(came)


def _is_of_use(sample: Sample, shape: SampleShape) -> bool:
    fits = sample.epoch == shape.epoch or len(sample.frames) == shape.frames
    return fits and sample.set_output in shape.set_kinds
