"""JPEGs as the model takes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from charles.base import pictures
from charles.base.pictures import BadPicture, Size

Pictures = NDArray[np.uint8]
_START = b"\xff\xd8"
_END = b"\xff\xd9"


def size_of(jpeg: bytes) -> Size:
    """What the JPEG's header says, without decoding it. Raises BadPicture, also for one that was cut off."""
    if not jpeg.startswith(_START) or not jpeg.endswith(_END):
        raise BadPicture("the picture is not a complete JPEG")
    return pictures.size_of(jpeg)


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
