"""Pictures: what is not a whole JPEG of the right size is told apart, before and while it is decoded."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from consumers.trainer.jpeg import BadPicture, check, decode, size_of
from tests.consumers.trainer.balanced import jpeg


def test_frames_are_decoded_as_rgb_oldest_first() -> None:
    red, blue = np.zeros((84, 96, 3), np.uint8), np.zeros((84, 96, 3), np.uint8)
    red[..., 0] = blue[..., 2] = 255
    into = np.empty((84, 96, 6), np.uint8)
    decode([jpeg(red), jpeg(blue)], into)
    assert into[40, 40, 0] > 250
    assert into[40, 40, 2] < 5
    assert into[40, 40, 5] > 250
    assert into[40, 40, 3] < 5


@pytest.mark.parametrize("quality", [20, 70, 95])
def test_the_pixels_are_those_that_opencv_finds(quality: int) -> None:
    noise = np.random.default_rng(quality).integers(0, 256, (27, 48, 3), np.uint8)
    whole = jpeg(cv2.resize(noise, (480, 270), interpolation=cv2.INTER_CUBIC), quality)
    into = np.empty((270, 480, 3), np.uint8)
    decode([whole], into)
    assert np.array_equal(into, cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_COLOR_RGB))


def test_a_grey_picture_is_decoded_as_rgb() -> None:
    grey = np.full((84, 96), 90, np.uint8)
    into = np.empty((84, 96, 3), np.uint8)
    decode([cv2.imencode(".jpg", grey)[1].tobytes()], into)
    assert (into == 90).all()


def test_a_cut_off_or_strange_picture_is_bad() -> None:
    whole = jpeg(np.zeros((84, 96, 3), np.uint8))
    assert size_of(whole) == (96, 84)
    png = cv2.imencode(".png", np.zeros((84, 96, 3), np.uint8))[1].tobytes()
    for bad in (b"", whole[:-100], whole[100:], png, b"\xff\xd8junk\xff\xd9"):
        with pytest.raises(BadPicture):
            size_of(bad)


def test_other_sizes_and_counts_are_bad() -> None:
    whole = jpeg(np.zeros((84, 96, 3), np.uint8))
    check([whole], (96, 84), 1)
    with pytest.raises(BadPicture, match="2 frames"):
        check([whole, whole], (96, 84), 1)
    with pytest.raises(BadPicture, match="96x84, but the model takes 480x270"):
        check([whole], (480, 270), 1)


def test_a_picture_whose_tables_are_broken_does_not_decode() -> None:
    whole = jpeg(np.zeros((84, 96, 3), np.uint8))
    broken = broken_tables(whole)
    assert size_of(broken) == (96, 84)
    with pytest.raises(BadPicture, match="cannot be decoded"):
        decode([broken], np.empty((84, 96, 3), np.uint8))


def test_a_picture_whose_data_is_damaged_is_bad() -> None:
    whole = jpeg(np.random.default_rng(1).integers(0, 256, (84, 96, 3), np.uint8))
    middle = len(whole) // 2
    damaged = whole[:middle] + b"\xff\xd9" + bytes(len(whole) - middle - 4) + b"\xff\xd9"
    assert size_of(damaged) == (96, 84)
    with pytest.raises(BadPicture, match="cannot be decoded"):
        decode([damaged], np.empty((84, 96, 3), np.uint8))


def test_a_picture_that_decodes_to_another_size_is_bad() -> None:
    for width, height in ((48, 84), (192, 168)):
        with pytest.raises(BadPicture):
            decode([jpeg(np.zeros((height, width, 3), np.uint8))], np.empty((84, 96, 3), np.uint8))


def broken_tables(whole: bytes) -> bytes:
    """The same JPEG with a Huffman table that no decoder accepts."""
    table = whole.index(b"\xff\xc4") + 5
    return whole[:table] + b"\xff" * 16 + whole[table + 16 :]


def test_the_size_is_found_behind_any_other_segment() -> None:
    whole = jpeg(np.zeros((84, 96, 3), np.uint8))
    comment = b"\xff\xfe" + (2 + 300).to_bytes(2, "big") + b"\xff\xc0" * 150
    assert size_of(whole[:2] + comment + b"\xff\xff" + whole[2:]) == (96, 84)
