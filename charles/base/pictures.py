"""Pictures from outside: their size is looked at before memory is taken for what they may become."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charles.base.limits import PICTURE_PIXELS, PICTURE_SIDE

Size = tuple[int, int]
"""Width and height, pixels."""

_JPEG = b"\xff\xd8"
_FRAME_HEADERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""The markers whose segments say a JPEG's size."""
_PNG = b"\x89PNG\r\n\x1a\n"


class BadPicture(ValueError):
    """A picture that cannot be used; the message says why."""


def size_of(data: bytes) -> Size:
    """What the header of a JPEG or a PNG says. Raises BadPicture.

    By hand, because a refill asks for every picture: Pillow takes twenty times as long.
    """
    if data.startswith(_PNG) and len(data) >= 24:
        width, height = struct.unpack_from(">II", data, 16)
        return width, height
    if not data.startswith(_JPEG):
        raise BadPicture("it is neither a JPEG nor a PNG")
    at = len(_JPEG)
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length, _precision, height, width = struct.unpack_from(">BHBHH", data, at + 1)
        if marker in _FRAME_HEADERS:
            return width, height
        at += 1 if marker == 0xFF else 2 + length  # a marker may be led in by more than one FF
    raise BadPicture("the picture's header is not readable")


def decoded(data: bytes, mode: int) -> NDArray[np.uint8]:
    """The pixels of a JPEG or a PNG, as OpenCV has them. mode: one of OpenCV's IMREAD. Raises BadPicture, for one
    beyond the limits before it is decoded."""
    import cv2

    width, height = size_of(data)
    if not (0 < width <= PICTURE_SIDE and 0 < height <= PICTURE_SIDE and width * height <= PICTURE_PIXELS):
        raise BadPicture(
            f"it is {width}x{height}; pictures have at most {PICTURE_SIDE:,} pixels on a side, and {PICTURE_PIXELS:,} "
            f"in all"
        )
    try:
        found: Any = cv2.imdecode(np.frombuffer(data, np.uint8), mode)
    except cv2.error as problem:
        raise BadPicture(f"it cannot be decoded: {problem.err}") from None
    if found is None:
        raise BadPicture("it cannot be decoded")
    return np.asarray(found, np.uint8)
