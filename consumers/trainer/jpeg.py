"""JPEGs as the model takes them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import simplejpeg
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]
Size = tuple[int, int]
"""Width and height, pixels."""

_START = b"\xff\xd8"
_END = b"\xff\xd9"
_FRAME_HEADERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""The markers whose segments say the size."""


class BadPicture(ValueError):
    """A picture that cannot be used; the message says why."""


def size_of(jpeg: bytes) -> Size:
    """What the JPEG's header says, without decoding it. Raises BadPicture, also for one that was cut off.

    By hand, because a refill asks for every picture: Pillow takes twenty times as long.
    """
    if not jpeg.startswith(_START) or not jpeg.endswith(_END):
        raise BadPicture("the picture is not a complete JPEG")
    at = len(_START)
    while at + 9 <= len(jpeg) and jpeg[at] == 0xFF:
        marker, length, _precision, height, width = struct.unpack_from(">BHBHH", jpeg, at + 1)
        if marker in _FRAME_HEADERS:
            return width, height
        at += 1 if marker == 0xFF else 2 + length  # a marker may be led in by more than one FF
    raise BadPicture("the picture's header is not readable")


def check(frames: Sequence[bytes], size: Size, count: int) -> None:
    """Raise BadPicture unless these are so many whole JPEGs of this size, as far as their headers say."""
    if len(frames) != count:
        raise BadPicture(f"it has {len(frames)} frames, not {count}")
    for jpeg in frames:
        if (found := size_of(jpeg)) != size:
            raise BadPicture(f"the picture is {found[0]}x{found[1]}, but the model takes {size[0]}x{size[1]}")


def decode(frames: Sequence[bytes], into: Pictures) -> None:
    """Write the frames' RGB, one after the other along the last axis; into: (height, width, 3 * frames), contiguous.

    The pixels are those of OpenCV, sooner: a single frame is decoded where it belongs.
    Raises BadPicture, for damaged data too that other decoders fill up with grey.
    """
    alone = into if len(frames) == 1 else None
    for index, jpeg in enumerate(frames):
        try:
            picture = simplejpeg.decode_jpeg(jpeg, "RGB", buffer=alone)
        except ValueError as problem:
            raise BadPicture(f"the picture cannot be decoded: {problem}") from None
        if picture.shape != (*into.shape[:2], 3):
            raise BadPicture(f"the picture decodes to {picture.shape[1]}x{picture.shape[0]}")
        if alone is None:
            into[..., 3 * index : 3 * index + 3] = picture
