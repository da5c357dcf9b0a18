"""Whether an artefact is whole and undamaged: its chunks put together, counted, and checked against its manifest.

Pure; trusts nothing that it reads, and unpickles nothing.
"""

from __future__ import annotations

import hashlib

from safetensors import SafetensorError
from safetensors.numpy import load

from charles.checkpoints.packing import Arrays, NotFiniteArray, check_finite
from charles.events import Checkpoint, WeightChunk

MAX_BYTES = 4 << 30  # of one artefact; the largest line's training state is 1.6 GB


class DamagedArtefact(RuntimeError):
    """An artefact is not what its manifest says, or is no safetensors file; the message says what is wrong."""


class MissingChunks(RuntimeError):
    """An artefact's chunks are not all there."""


def unpack(data: bytes) -> Arrays:
    """The arrays of a safetensors file, whose numbers are finite. Raises DamagedArtefact."""
    try:
        arrays = dict(load(data))
        check_finite(arrays)
        return arrays
    except NotFiniteArray as error:
        raise DamagedArtefact(str(error)) from error
    except (SafetensorError, ValueError, KeyError, TypeError) as error:  # the last three: types that numpy lacks
        raise DamagedArtefact(f"it is not a safetensors file: {error}") from error


class Assembly:
    """Puts the chunks of one artefact together. Holds no more bytes than its manifest announces."""

    def __init__(self, manifest: Checkpoint) -> None:
        """Raises DamagedArtefact for a manifest that announces the impossible."""
        if not (0 < manifest.chunks <= manifest.size <= MAX_BYTES) or manifest.first_offset < 0:
            raise DamagedArtefact(
                f"its manifest announces {manifest.chunks} chunks of together {manifest.size} bytes "
                f"at offset {manifest.first_offset}; at most {MAX_BYTES} bytes are accepted"
            )
        self._manifest = manifest
        self._parts: list[bytes] = []
        self._size = 0
        self._digest = hashlib.sha256()

    @property
    def complete(self) -> bool:
        return len(self._parts) == self._manifest.chunks

    def __len__(self) -> int:
        """How many chunks there are."""
        return len(self._parts)

    def add(self, chunk: WeightChunk) -> None:
        """Take the next chunk; they come in order. Raises MissingChunks for a gap, DamagedArtefact for what cannot
        belong here."""
        expected = len(self._parts)
        if chunk.count != self._manifest.chunks:
            raise DamagedArtefact(
                f"chunk {chunk.index} says {chunk.count} chunks, the manifest {self._manifest.chunks}"
            )
        if chunk.index > expected:
            raise MissingChunks(f"chunk {expected} of {self._manifest.chunks} is missing")
        if chunk.index < expected:
            raise DamagedArtefact(f"chunk {chunk.index} comes after chunk {expected - 1}")
        self._size += len(chunk.data)
        if self._size > self._manifest.size:
            raise DamagedArtefact(
                f"its chunks hold more than the {self._manifest.size} bytes that its manifest announces"
            )
        self._digest.update(chunk.data)  # here, while the next chunks are on their way
        self._parts.append(chunk.data)

    def arrays(self) -> Arrays:
        """What a complete artefact holds. Raises DamagedArtefact."""
        if self._size != self._manifest.size:
            raise DamagedArtefact(f"its chunks hold {self._size} bytes, its manifest announces {self._manifest.size}")
        if self._digest.hexdigest() != self._manifest.sha256:
            raise DamagedArtefact("its SHA-256 is not the manifest's")
        return unpack(b"".join(self._parts))
