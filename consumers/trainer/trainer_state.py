"""The trainer's state as arrays, and back: what it needs to go on as if it had never stopped."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from charles.checkpoints.integrity import DamagedArtefact
from charles.checkpoints.packing import Arrays
from consumers.trainer.buffers import Buffers, SampleCounts

_MODEL = "model/"
_BUFFER = "buffer/"
_REST = "trainer.json"


@dataclass(frozen=True, slots=True)
class TrainerState:
    """A state as it was saved.

    model: of the TrainStep; position: the next offset to read; slots: by kind of set, the held samples' offsets and how
    often each may still be drawn, in the order of the slots; random: of numpy's PCG64.
    """

    model: Arrays
    position: int
    started: bool
    counts: SampleCounts
    random: dict[str, Any]
    slots: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]

    @property
    def offsets(self) -> set[int]:
        """Every held sample's offset."""
        return {int(offset) for offsets, _ in self.slots.values() for offset in offsets}


def pack(model: Arrays, buffers: Buffers, rng: np.random.Generator, position: int) -> Arrays:
    """Everything beside the batch number and the spans, which are in the manifest."""
    rest = {
        "position": position,
        "started": buffers.started,
        "counts": dataclasses.asdict(buffers.counts),
        "random": rng.bit_generator.state,
    }
    arrays: Arrays = {_MODEL + name: array for name, array in model.items()}
    for kind, buffer in buffers.by_kind.items():
        arrays[_BUFFER + kind] = np.array([(held.offset, held.remaining) for held in buffer], np.int64).reshape(-1, 2)
    arrays[_REST] = np.frombuffer(json.dumps(rest).encode(), np.uint8)
    return arrays


def unpack(arrays: Arrays) -> TrainerState:
    """Raises DamagedArtefact for arrays that are no trainer's state."""
    try:
        rest = json.loads(arrays[_REST].tobytes())
        slots = {
            name.removeprefix(_BUFFER): (array.astype(np.int64)[:, 0], array.astype(np.int64)[:, 1])
            for name, array in arrays.items()
            if name.startswith(_BUFFER)
        }
        saved = TrainerState(
            model={name.removeprefix(_MODEL): array for name, array in arrays.items() if name.startswith(_MODEL)},
            position=int(rest["position"]),
            started=bool(rest["started"]),
            counts=SampleCounts(**{name: int(count) for name, count in rest["counts"].items()}),
            random=dict(rest["random"]),
            slots=slots,
        )
        np.random.PCG64().state = cast(Any, saved.random)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise DamagedArtefact(f"it is not a valid trainer state: {error}") from error
    return saved
