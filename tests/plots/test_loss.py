"""loss.png can be opened, has the promised size, and shows what it was given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from charles.labels.outputs import OUTPUTS
from charles.plots.loss import Losses, draw_loss, smoothed


def test_smoothing_neither_starts_at_the_first_value_s_mercy_nor_moves_a_constant() -> None:
    np.testing.assert_allclose(smoothed(np.full(50, 3.0), 10), 3.0)
    noisy = np.random.default_rng(1).normal(5, 1, 2000)
    assert smoothed(noisy, 200)[-1] == pytest.approx(5, abs=0.3)
    assert smoothed(noisy, 200).std() < 0.5 * noisy.std()


@pytest.mark.parametrize("batches", [2, 700])
def test_loss_png_is_a_picture_of_any_number_of_batches(tmp_path: Path, batches: int) -> None:
    falling = np.geomspace(0.5, 0.01, batches)
    losses = Losses(range(1, batches + 1), dict.fromkeys(OUTPUTS, falling.tolist()))
    draw_loss(tmp_path / "loss.png", losses)
    assert _size(tmp_path / "loss.png") == (1200, 600)


@pytest.mark.parametrize(
    ("with_classes", "unit"),
    [
        ((), "mean squared error"),
        (("acceleration", "braking", "steering"), "cross-entropy"),
        (("steering",), "mean squared error, cross-entropy"),
    ],
)
def test_loss_png_shows_every_type_of_output(tmp_path: Path, with_classes: tuple[str, ...], unit: str) -> None:
    losses = Losses([1, 2], dict.fromkeys(("acceleration", "braking", "steering"), (2.0, 1.0)), with_classes)
    assert losses.unit == unit
    draw_loss(tmp_path / "loss.png", losses)
    assert _size(tmp_path / "loss.png") == (1200, 600)


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        picture.load()
        return picture.size
