"""On a disk that gets full nothing is made, and it is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from charles.base.atomic_file import Unwritable
from charles.recordings.edit.cut import WHOLE_RECORDING, cut
from charles.recordings.edit.drop import drop
from charles.recordings.edit.merge import merge
from charles.recordings.exchange import jpeg_folder, parquet
from charles.recordings.format.reader import Recording
from charles.recordings.inspect.tick_spans import TickSpan
from tests.recordings.driving import drive, frame_of, record
from tests.recordings.made import Placed, recorded
from tests.survival.disks import small_disk

WORK: dict[str, Callable[[Recording, Path], object]] = {
    "cut": lambda source, folder: cut(source, folder, WHOLE_RECORDING),
    "drop": lambda source, folder: drop(source, folder, [TickSpan("c", "r", 1, 2)]),
    "merge": lambda source, folder: merge([source, source], folder),
    "parquet": parquet.export,
    "video": lambda source, folder: parquet.export(source, folder, video=True),
    "jpeg": jpeg_folder.export,
}


def noise(ticks: int) -> Iterator[Placed]:
    """A drive whose pictures no format makes small."""
    rng = np.random.default_rng(1)
    for offset, control in enumerate(drive(ticks)):
        pixels = rng.integers(0, 256, (36, 64, 3), np.uint8)
        frame = frame_of(control, bytes(cv2.imencode(".jpg", pixels)[1]))
        yield from (("frames", 0, record(frame, offset)), ("controls", 0, record(control, offset)))


@pytest.mark.parametrize("name", WORK)
def test_nothing_is_left_on_a_disk_that_got_full(name: str, tmp_path: Path) -> None:
    source = recorded(tmp_path / "source", noise(100))
    assert source.lengths["frames"].bytes > 300_000
    with small_disk(tmp_path / "disk", 4) as disk:
        disk.fill(leave=80_000 if name == "video" else 100_000)
        there = sorted(disk.folder.iterdir())
        with pytest.raises(Unwritable, match=r"No space left|the disk (is )?full"):
            WORK[name](source, disk.folder / "made")
        assert sorted(disk.folder.iterdir()) == there
        disk.make_room()
        WORK[name](source, disk.folder / "made")
