"""The film can be opened and shows what it was given."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from charles.config import Unstuck
from charles.evaluation.film import PANEL_WIDTH, TICKS_A_PICTURE, draw_film, shoot
from tests.evaluation.tiny_game import Road, full_throttle, never_moves


def test_a_film_shows_both_drives_to_the_longer_ones_end(tmp_path: Path) -> None:
    unstuck = Unstuck(distance=2.0, seconds=1.0)
    crashed = shoot(Road(seed=5), full_throttle, 5, unstuck)
    stuck = shoot(Road(seed=5), never_moves, 5, unstuck)
    assert len(crashed) == -(-15 // TICKS_A_PICTURE) + 1  # 15 ticks to the wall, and how it ended
    assert (crashed[-1].ended, crashed[-1].score) == ("crashed after 15 m", 15.0)
    assert stuck[-1].ended == "stuck after 0 m"

    draw_film(tmp_path / "drive.gif", [("untrained", stuck), ("newest", crashed)], "m")
    with Image.open(tmp_path / "drive.gif") as film:
        assert film.n_frames > 1
        assert film.width > 2 * PANEL_WIDTH
        length_ms = 0
        for index in range(film.n_frames):
            film.seek(index)
            film.convert("RGB")
            length_ms += film.info["duration"]
    assert length_ms >= 100 * (len(stuck) - 1)
    assert len(stuck) > len(crashed)


def test_a_film_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no frames to show"):
        draw_film(tmp_path / "drive.gif", [("untrained", [])], "m")
