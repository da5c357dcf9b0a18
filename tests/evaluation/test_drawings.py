"""The pictures can be opened, have the promised size, and show what they were given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from charles.bins import BINS
from charles.config import Unstuck
from charles.evaluation.film import EVERY, WIDTH, draw_film, shoot
from charles.evaluation.plots import Losses, draw_labels, draw_loss, smoothed
from charles.outputs import OUTPUTS
from tests.evaluation.tiny_game import Road, full_throttle, never_moves


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


def test_labels_png_is_a_picture_even_before_the_first_set(tmp_path: Path) -> None:
    driven = {output: np.arange(BINS, dtype=float) for output in OUTPUTS}
    nothing = {output: np.zeros(BINS) for output in OUTPUTS}
    draw_labels(tmp_path / "labels.png", driven, nothing, nothing)
    assert _size(tmp_path / "labels.png") == (1200, 800)


def test_a_film_shows_both_drives_to_the_longer_ones_end(tmp_path: Path) -> None:
    unstuck = Unstuck(distance=2.0, seconds=1.0)
    crashed = shoot(Road(seed=5), full_throttle, 5, unstuck)
    stuck = shoot(Road(seed=5), never_moves, 5, unstuck)
    assert len(crashed) == -(-15 // EVERY) + 1  # 15 ticks to the wall, and how it ended
    assert (crashed[-1].ended, crashed[-1].score) == ("crashed after 15 m", 15.0)
    assert stuck[-1].ended == "stuck after 0 m"

    draw_film(tmp_path / "drive.gif", [("untrained", stuck), ("newest", crashed)], "m")
    with Image.open(tmp_path / "drive.gif") as film:
        assert film.n_frames > 1
        assert film.width > 2 * WIDTH
        length_ms = 0
        for index in range(film.n_frames):
            film.seek(index)
            film.convert("RGB")
            length_ms += film.info["duration"]
    assert length_ms >= 100 * (len(stuck) - 1)
    assert len(stuck) > len(crashed)


def test_a_film_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to show"):
        draw_film(tmp_path / "drive.gif", [("untrained", [])], "m")


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        picture.load()
        return picture.size
