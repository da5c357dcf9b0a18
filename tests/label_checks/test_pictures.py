from __future__ import annotations

from contextlib import closing
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from charles.games.game import Picture, open_game
from charles.label_checks import Driven, Finding, FindingKind, Pictures, digest, findings, thumbnail
from charles.label_checks.pictures import HEIGHT, WIDTH
from charles.pacing import HZ
from producers.collector.loop import jpeg

SECONDS = 8
FROZEN_FROM, FROZEN_TO = 150, 220


@cache
def drive(game: str, weather: str) -> tuple[list[Picture], list[float]]:
    """Pictures and speeds of some seconds."""
    shown, speed = [], []
    with closing(open_game(game, 3)) as opened:
        opened.set_weather(weather)
        for _ in range(SECONDS * HZ):
            seen = opened.observe()
            shown.append(seen.hood)
            speed.append(seen.telemetry.speed)
            opened.act(opened.mapping.to_controller(opened.drive()))
    return shown, speed


def run(pictures: list[bytes], speed: list[float]) -> Driven:
    """A run of which only the speed is of interest."""
    tick = np.arange(len(speed), dtype=np.int64)
    rising, none = np.linspace(0, 1, len(speed)), np.zeros(len(speed))
    prints = Pictures(
        tick[: len(pictures)],
        np.array([thumbnail(picture) for picture in pictures]),
        np.array([digest(picture) for picture in pictures], np.uint64),
    )
    return Driven(
        "a", "r", tick, tick * 1_000_000 // HZ, rising, none, none, np.array(speed), none, *[none] * 3, prints
    )


def frozen(run: Driven) -> list[Finding]:
    return [found for found in findings(run) if found.kind is FindingKind.CAMERA_FROZEN]


@pytest.mark.parametrize(
    ("game", "weather"), [("city", "clear"), ("city", "fog"), ("city", "night"), ("carracing", "clear")]
)
def test_a_camera_that_freezes_is_found_to_the_tick_and_no_other(game: str, weather: str) -> None:
    shown, speed = drive(game, weather)
    good = [jpeg(picture, 90) for picture in shown]
    assert frozen(run(good, speed)) == []

    stays = [*good[:FROZEN_FROM], *[good[FROZEN_FROM]] * (FROZEN_TO - FROZEN_FROM + 1), *good[FROZEN_TO + 1 :]]
    (found,) = frozen(run(stays, speed))
    assert (found.first_tick, found.last_tick) == (FROZEN_FROM, FROZEN_TO)
    assert "the same bytes" in found.words

    anew = [jpeg(shown[FROZEN_FROM], 60 + tick % 30) for tick in range(FROZEN_TO - FROZEN_FROM + 1)]
    (found,) = frozen(run([*good[:FROZEN_FROM], *anew, *good[FROZEN_TO + 1 :]], speed))
    assert (found.first_tick, found.last_tick) == pytest.approx((FROZEN_FROM, FROZEN_TO), abs=3)
    assert "alike" in found.words


def test_a_car_that_stands_may_see_the_same() -> None:
    picture = jpeg(np.full((90, 160, 3), 80, np.uint8), 90)
    assert frozen(run([picture] * 200, [0.0] * 200)) == []
    assert len(frozen(run([picture] * 200, [5.0] * 200))) == 1


def test_every_second_picture_may_be_missing_or_shown_twice() -> None:
    shown, speed = drive("city", "clear")
    good = [jpeg(picture, 90) for picture in shown]
    twice = [good[tick - tick % 2] for tick in range(len(good))]
    assert frozen(run(twice, speed)) == []


@pytest.mark.parametrize("size", [(270, 480), (84, 96), (9, 16), (1, 1)])
def test_a_thumbnail_is_the_picture_in_small(size: tuple[int, int]) -> None:
    halves: NDArray[np.uint8] = np.zeros((*size, 3), np.uint8)
    halves[:, size[1] // 2 :] = 200
    small = thumbnail(jpeg(halves, 90))
    assert (small.shape, small.dtype) == ((HEIGHT, WIDTH), np.uint8)
    if size[1] > 90:
        assert small[:, : WIDTH // 2 - 1].mean() == pytest.approx(0, abs=3)
        assert small[:, WIDTH // 2 + 1 :].mean() == pytest.approx(200, abs=3)


@pytest.mark.parametrize("data", [b"", b"no picture", b"\xff\xd8\xff"])
def test_what_is_no_picture_has_no_thumbnail(data: bytes) -> None:
    with pytest.raises(ValueError, match=f"^{len(data)} bytes are not a valid picture"):
        thumbnail(data)


def test_a_png_has_a_thumbnail_too() -> None:
    _, data = cv2.imencode(".png", np.full((90, 160, 3), 77, np.uint8))
    assert thumbnail(bytes(data)).mean() == pytest.approx(77, abs=1)


def test_digests_tell_bytes_apart_and_fit_64_bits() -> None:
    digests = {digest(bytes([byte])) for byte in range(256)}
    assert len(digests) == 256
    assert all(0 <= each < 2**64 for each in digests)
