"""Weights survive the way through a file, and nothing else is taken for them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from charles.checkpoints.weights_file import WeightsFileError, load_weights, save_weights
from charles.events import Checkpoint, Span

MANIFEST = Checkpoint(
    model="pilot",
    line="pilot",
    kind="weights",
    batch=1200,
    artefact="pilot@1200/weights/1",
    architecture="a" * 64,
    picture_width=480,
    picture_height=270,
    time=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    first_offset=17,
    chunks=3,
    size=1_234_567,
    sha256="b" * 64,
    code="0.1.0",
    spans=[Span("collector-1", "r1", 60, 900, 12), Span("collector-2", "r2", 61, 70, 1)],
    parents=["somebody@5"],
)
ARRAYS = {
    "dense/kernel": np.arange(12, dtype=np.float32).reshape(3, 4).T,
    "dense/bias": np.zeros(0, np.float32),
    "iteration": np.array(7, np.int64),
}


def test_a_checkpoint_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "new" / "weights.safetensors"
    save_weights(path, MANIFEST, ARRAYS)
    manifest, arrays = load_weights(path)
    assert manifest == MANIFEST
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array, strict=True)
    assert list(path.parent.iterdir()) == [path]  # nothing unfinished is left beside it


def test_what_is_no_checkpoint_of_ours_is_refused_by_name_and_reason(tmp_path: Path) -> None:
    absent = tmp_path / "absent.safetensors"
    with pytest.raises(WeightsFileError, match=r"absent\.safetensors: no such file"):
        load_weights(absent)

    whole = tmp_path / "whole.safetensors"
    save_weights(whole, MANIFEST, ARRAYS)
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(whole.read_bytes()[:-10])
    with pytest.raises(WeightsFileError, match="not a valid safetensors file"):
        load_weights(cut)

    foreign = tmp_path / "foreign.safetensors"
    save_file({"x": np.zeros(3, np.float32)}, foreign)
    with pytest.raises(WeightsFileError, match="not written by Charles"):
        load_weights(foreign)

    strange = tmp_path / "strange.safetensors"
    save_file({"x": np.zeros(3, np.float32)}, strange, metadata={"charles.checkpoint": '{"spans": []}'})
    with pytest.raises(WeightsFileError, match="not readable"):
        load_weights(strange)
