"""JPEGs as the model takes them."""

from __future__ import annotations

import io
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pictures = NDArray[np.uint8]
Size = tuple[int, int]
"""Width and height, pixels."""

_START = b"\xff\xd8"
_END = b"\xff\xd9"


class BadPicture(ValueError):
    """A picture that cannot be used; the message says why."""


def size_of(jpeg: bytes) -> Size:
    """What the JPEG's header says, without decoding it. Raises BadPicture, also for one that was cut off."""
    if not jpeg.startswith(_START) or not jpeg.endswith(_END):
        raise BadPicture("the picture is no whole JPEG")
    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
            return picture.width, picture.height
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadPicture("the picture's header cannot be read") from error


def check(frames: Sequence[bytes], size: Size, count: int) -> None:
    """Raise BadPicture unless these are so many whole JPEGs of this size, as far as their headers say."""
    if len(frames) != count:
        raise BadPicture(f"it has {len(frames)} frames, not {count}")
    for jpeg in frames:
        if (found := size_of(jpeg)) != size:
            raise BadPicture(f"the picture is {found[0]}x{found[1]}, the model takes {size[0]}x{size[1]}")


def decode(frames: Sequence[bytes], into: Pictures) -> None:
    """Write the frames' RGB, one after the other along the last axis; into: (height, width, 3 * frames).

    Raises BadPicture.
    """
    for index, jpeg in enumerate(frames):
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            raise BadPicture("the picture does not decode")
        if picture.shape != (*into.shape[:2], 3):
            raise BadPicture(f"the picture decodes to {picture.shape[1]}x{picture.shape[0]}")
        cv2.cvtColor(picture, cv2.COLOR_BGR2RGB, dst=picture)
        into[..., 3 * index : 3 * index + 3] = picture
