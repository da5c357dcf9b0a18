"""A short film of two drivers in the same unseen world: what they see, what they do, how far they get."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

from charles.base.atomic_file import written
from charles.config import Unstuck
from charles.evaluation.driving import Driver, EvaluationDrive, drive
from charles.evaluation.workers import Interrupted, never
from charles.games.game import Action, Game, Observation
from charles.pacing import HZ

FILM_S = 12.0
TICKS_A_PICTURE = 3  # ticks between two pictures of the film: 10 a second
PANEL_WIDTH = 400  # px of one driver's panel
HOLD_S = 1.5  # the last picture stays, before the film begins again

_COLOURS = 112
_GAP, _HEAD, _FOOT = 8, 34, 36
_INK, _PAPER, _DIM = (34, 48, 60), (251, 250, 247), (150, 160, 168)
_TRACK, _STEER, _GAS, _BRAKE = (226, 230, 233), (242, 176, 30), (64, 180, 95), (228, 87, 46)
_OWN_COLOURS = (_INK, _PAPER, _DIM, _TRACK, _STEER, _GAS, _BRAKE, (255, 255, 255))


@dataclass(frozen=True, slots=True)
class Shot:
    """One moment of a drive. score: so far, metres or reward; ended: how the drive ended, "" while it goes on."""

    picture: Image.Image
    speed: float
    action: Action
    score: float
    ended: str = ""


def shoot(
    game: Game,
    driver: Driver,
    seed: int,
    unstuck: Unstuck,
    seconds: float = FILM_S,
    stop: Callable[[], bool] = never,
) -> list[Shot]:
    """Drive a freshly opened game for at most so many seconds; every EVERYth tick is a shot, and so is its end.

    Raises Interrupted when stop says so.
    """
    shots: list[Shot] = []
    height, width = game.picture_size
    size = (PANEL_WIDTH, round(PANEL_WIDTH * height / width))
    ticks = 0

    def watch(seen: Observation, action: Action, score: float) -> None:
        nonlocal ticks
        if stop():
            raise Interrupted("the film was stopped")
        if ticks % TICKS_A_PICTURE == 0:
            picture = Image.fromarray(np.asarray(seen.hood)).resize(size, Image.Resampling.BICUBIC)
            shots.append(Shot(picture, seen.telemetry.speed, action, score))
        ticks += 1

    driven = drive(game, driver, seed, unstuck, cap=round(seconds * HZ), watch=watch)
    if driven.end != "cap":
        shots.append(replace(shots[-1], score=driven.score, ended=_ended(driven, game)))
    return shots


def draw_film(path: Path, drives: Sequence[tuple[str, list[Shot]]], unit: str) -> None:
    """Write a GIF of drives side by side, each under its title; a drive that has ended stays, dimmed.

    unit: of the score. Raises ValueError when there is nothing to show, and Unwritable.
    """
    if not any(shots for _, shots in drives):
        raise ValueError("there are no frames to show")
    length = max(len(shots) for _, shots in drives)
    pictures = [
        _side_by_side([(title, shots[min(index, len(shots) - 1)]) for title, shots in drives], unit)
        for index in range(length)
    ]
    palette = _palette(pictures)
    frames = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    durations = [TICKS_A_PICTURE * 1000 // HZ] * (length - 1) + [round(HOLD_S * 1000)]
    with written(path) as file:
        frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=False)


def _ended(driven: EvaluationDrive, game: Game) -> str:
    how = {"crashed": "crashed", "stuck": "stuck", "over": "over"}[driven.end]
    score = f"{driven.score:,.0f}" + (" m" if game.episode.score == "distance" else "")
    return f"{how} after {score}" if game.episode.score == "distance" else f"{how}: {score}"


def _side_by_side(panels: Sequence[tuple[str, Shot]], unit: str) -> Image.Image:
    drawn = [_panel(title, shot, unit) for title, shot in panels]
    width = sum(panel.width for panel in drawn) + _GAP * (len(drawn) - 1)
    whole = Image.new("RGB", (width, drawn[0].height), _PAPER)
    left = 0
    for panel in drawn:
        whole.paste(panel, (left, 0))
        left += panel.width + _GAP
    return whole


def _panel(title: str, shot: Shot, unit: str) -> Image.Image:
    width, height = shot.picture.size
    panel = Image.new("RGB", (width, _HEAD + height + _FOOT), _PAPER)
    panel.paste(_faded(shot.picture) if shot.ended else shot.picture, (0, _HEAD))
    draw = ImageDraw.Draw(panel)
    draw.text((4, _HEAD / 2), title, _INK, _font(15, bold=True), anchor="lm")
    score = f"{shot.score:,.0f} {unit}"
    draw.text((width - 4, _HEAD / 2), score, _INK, _font(15, bold=True), anchor="rm")
    if shot.ended:
        middle = (width / 2, _HEAD + height / 2)
        draw.text(
            middle, shot.ended, (255, 255, 255), _font(24, bold=True), anchor="mm", stroke_width=3, stroke_fill=_INK
        )
    _gauges(draw, shot, width, _HEAD + height)
    return panel


def _gauges(draw: ImageDraw.ImageDraw, shot: Shot, width: int, top: int) -> None:
    """Speed, steering and pedals, beneath the picture."""
    middle = top + _FOOT / 2
    draw.text((4, middle), f"{shot.speed * 3.6:.0f} km/h", _INK, _font(14), anchor="lm")
    pedals = shot.action.acceleration_braking
    _gauge(draw, (0.42 * width, middle), 0.16 * width, shot.action.steering, _STEER, ("left", "right"))
    _gauge(draw, (0.79 * width, middle), 0.16 * width, pedals, _GAS if pedals > 0 else _BRAKE, ("brake", "gas"))


def _gauge(
    draw: ImageDraw.ImageDraw,
    middle: tuple[float, float],
    half: float,
    value: float,
    colour: tuple[int, int, int],
    ends: tuple[str, str],
) -> None:
    x, y = middle[0], middle[1] - 4
    draw.rounded_rectangle((x - half, y - 5, x + half, y + 5), 3, fill=_TRACK)
    reach = x + half * min(max(value, -1.0), 1.0)
    draw.rectangle((min(x, reach), y - 5, max(x, reach), y + 5), fill=colour)
    draw.line((x, y - 7, x, y + 7), fill=_INK, width=2)
    draw.text((x - half, y + 13), ends[0], _DIM, _font(10), anchor="lm")
    draw.text((x + half, y + 13), ends[1], _DIM, _font(10), anchor="rm")


def _faded(picture: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(ImageEnhance.Color(picture).enhance(0.15)).enhance(0.55)


def _palette(pictures: list[Image.Image]) -> Image.Image:
    """One palette for the whole film, or its colours would flicker: the pictures' commonest and our own."""
    some = pictures[:: max(len(pictures) // 12, 1)] + pictures[-1:]
    width, height = pictures[0].size
    strip = Image.new("RGB", (width, height * len(some)))
    for index, picture in enumerate(some):
        strip.paste(picture, (0, index * height))
    commonest = strip.quantize(_COLOURS, Image.Quantize.MEDIANCUT).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*commonest[: 3 * _COLOURS], *(value for colour in _OWN_COLOURS for value in colour)])
    return palette


def _font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)
