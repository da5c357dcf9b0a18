"""A checkpoint as a file: the weights, with the manifest's facts in the safetensors header.

With it a demo's model still drives after its broker is gone.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from charles.base.atomic_file import written
from charles.checkpoints.packing import Arrays, NotFiniteArray, check_finite
from charles.events import Checkpoint, Span

_MANIFEST = "charles.checkpoint"


class WeightsFileError(RuntimeError):
    """A file of weights cannot be used; the message names it and says why."""


def save_weights(path: Path, manifest: Checkpoint, arrays: Arrays) -> None:
    """Write a checkpoint to a safetensors file; its folder is made. Raises Unwritable."""
    facts = dataclasses.asdict(manifest) | {"time": manifest.time.isoformat()}
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    with written(path, SafetensorError) as file:
        save_file(whole, file, metadata={_MANIFEST: json.dumps(facts)})


def load_weights(path: Path) -> tuple[Checkpoint, Arrays]:
    """The checkpoint in a file that save_weights() wrote. Raises WeightsFileError."""
    if not path.is_file():
        raise WeightsFileError(f"{path}: no such file")
    try:
        with safe_open(path, framework="numpy") as file:
            facts = (file.metadata() or {}).get(_MANIFEST)
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        check_finite(arrays)
    except NotFiniteArray as error:
        raise WeightsFileError(f"{path}: {error}") from None
    except (SafetensorError, OSError) as error:
        raise WeightsFileError(f"{path}: not a valid safetensors file: {error}") from None
    if facts is None:
        raise WeightsFileError(f"{path}: not written by Charles: it does not say which checkpoint it holds")
    try:
        return _manifest(json.loads(facts)), arrays
    except (ValueError, TypeError, KeyError) as error:
        raise WeightsFileError(f"{path}: the checkpoint's metadata is not readable: {error!r}") from None


def _manifest(facts: dict[str, Any]) -> Checkpoint:
    spans = [Span(**span) for span in facts["spans"]]
    return Checkpoint(**facts | {"time": datetime.fromisoformat(facts["time"]), "spans": spans})
