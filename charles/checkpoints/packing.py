"""Arrays as a safetensors file, cut into chunks. Pure; integrity.py puts them together again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from charles.events import WeightChunk

CHUNK_BYTES = 512 * 1024

Array = NDArray[np.generic]
Arrays = dict[str, Array]


class NotFiniteArray(ValueError):
    """There is a NaN or an infinity in an array; the message says which."""


def check_finite(arrays: Arrays) -> None:
    """Raise NotFiniteArray for a NaN or an infinity: one in a model's weights is in all that it answers."""
    for name, array in arrays.items():
        # A NaN is the least and the largest of its array.
        if array.dtype.kind == "f" and array.size and not np.isfinite([array.min(), array.max()]).all():
            raise NotFiniteArray(f"{name} has numbers that are not finite")


def pack(arrays: Arrays) -> bytes:
    """Named arrays as one safetensors file. Raises NotFiniteArray."""
    check_finite(arrays)
    return bytes(save({name: np.asarray(array, order="C") for name, array in arrays.items()}))


def parts(data: bytes) -> list[bytes]:
    """A file cut into chunks of CHUNK_BYTES; the last one may be shorter."""
    return [data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)]


def digest(data: bytes) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(data).hexdigest()


def chunks(model: str, artefact: str, data: bytes) -> Iterator[WeightChunk]:
    """A file as events, in order."""
    cut = parts(data)
    for index, part in enumerate(cut):
        yield WeightChunk(model=model, artefact=artefact, index=index, count=len(cut), data=part)
