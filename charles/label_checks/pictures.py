"""Frozen cameras: the same picture again and again while the car drives. What is compared are small fingerprints."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from charles.base.pictures import BadPicture, decoded
from charles.label_checks.run_data import Driven, Finding, FindingKind
from charles.pacing import HZ

WIDTH, HEIGHT = 16, 9
ALIKE_GREY_LEVELS = 2
"""Grey levels, of 255, that every point of two thumbnails of one picture may differ by when it was compressed twice. A
second of driving changes some point by 10 or more, in fog and at night too."""
FROZEN_TICKS = HZ
"""Ticks from which on a picture that stays is a finding."""
DRIVEN_M = 3.0
"""What the car must drive meanwhile, by its speed; below that a picture may stay."""


def thumbnail(picture: bytes) -> NDArray[np.uint8]:
    """A picture's fingerprint, uint8 (HEIGHT, WIDTH), grey, black at 0; for that a JPEG is decoded to an eighth of its
    size only. Raises ValueError for bytes that are no picture."""
    import cv2

    try:
        small = decoded(picture, cv2.IMREAD_REDUCED_GRAYSCALE_8)
    except BadPicture as problem:
        raise ValueError(f"{len(picture)} bytes are not a valid picture: {problem}") from None
    return np.asarray(cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def digest(picture: bytes) -> int:
    """Of the bytes, for Pictures.digests: below 2^64."""
    return int.from_bytes(blake2b(picture, digest_size=8).digest(), "big")


def frozen(driven: Driven) -> list[Finding]:
    """Where the camera stood still and the car did not."""
    pictures = driven.pictures
    if not len(pictures.tick) or not len(driven):
        return []
    along = np.concatenate([[0.0], np.cumsum(driven.speed[1:] * np.diff(driven.tick) / HZ)])
    driven_m = np.interp(pictures.tick, driven.tick, along)
    found = []
    for first, last in _held(pictures.thumbnails, pictures.digests):
        ticks = int(pictures.tick[last] - pictures.tick[first])
        metres = float(driven_m[last] - driven_m[first])
        if ticks >= FROZEN_TICKS and metres >= DRIVEN_M:
            same = (
                "the same bytes" if (pictures.digests[first : last + 1] == pictures.digests[first]).all() else "alike"
            )
            words = (
                f"{last - first + 1} pictures in a row are {same} while the car drove {metres:.0f} m in "
                f"{ticks / HZ:.1f} s: the screen was not captured again; drop this span"
            )
            span = int(pictures.tick[first]), int(pictures.tick[last])
            found.append(Finding(FindingKind.CAMERA_FROZEN, driven.collector, driven.run, *span, words, metres))
    return found


def _held(thumbnails: NDArray[np.uint8], digests: NDArray[np.uint64]) -> list[tuple[int, int]]:
    """First and last of the pictures that are all like the first of them: not only like their neighbours, as those of a
    slow car are."""
    held, first = [], 0
    grey = thumbnails.astype(np.int16)
    close = (digests[1:] == digests[:-1]) | (
        np.abs(grey[1:] - grey[:-1]).max(axis=(1, 2), initial=0) <= ALIKE_GREY_LEVELS
    )
    for now in range(1, len(grey) + 1):
        if now < len(grey) and close[now - 1] and np.abs(grey[now] - grey[first]).max() <= ALIKE_GREY_LEVELS:
            continue
        if now - first > 1:
            held.append((first, now - 1))
        first = now
    return held
