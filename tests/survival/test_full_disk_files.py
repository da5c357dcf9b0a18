"""Files on a disk that is full: one clear line that names the file, and the old one stays whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from charles.base.atomic_file import Unwritable
from charles.checkpoints.weights_file import load_weights, save_weights
from charles.evaluation.film import Shot, draw_film
from charles.events import Checkpoint
from charles.games.game import Action
from charles.plots.loss import Losses, draw_loss
from infra.kafka import BrokerError, broker_process, data_folder
from infra.kafka.broker import LocalBroker
from infra.kafka.find_runtime import find_runtime
from tests.ports import free_port
from tests.survival.disks import Disk, small_disk

MANIFEST = Checkpoint(
    model="pilot",
    line="pilot",
    kind="weights",
    batch=20,
    artefact="pilot@20/weights/1",
    architecture="a" * 64,
    picture_width=96,
    picture_height=84,
    time=datetime(2026, 1, 2, tzinfo=UTC),
    first_offset=0,
    chunks=1,
    size=1,
    sha256="b" * 64,
    code="0.1.0",
    spans=[],
    parents=[],
)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with small_disk(tmp_path / "disk", 4) as disk:
        yield disk


def weights(path: Path) -> None:
    save_weights(path, MANIFEST, {"dense": np.ones(100_000, np.float32)})


def film(path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (84, 96, 3), np.uint8)
    draw_film(path, [("a drive", [Shot(Image.fromarray(noise), 0.0, Action(0.0, 0.0), 0.0)] * 5)], "m")


def loss(path: Path) -> None:
    draw_loss(path, Losses([1, 2, 3], {"acceleration_braking": [1.0, 0.5, 0.2], "steering": [1.0, 0.5, 0.2]}))


@pytest.mark.parametrize("write", [weights, film, loss])
def test_what_is_written_is_there_whole_or_not_at_all(disk: Disk, write: Callable[[Path], None]) -> None:
    path = disk.folder / "file"
    write(path)
    old = path.read_bytes()
    disk.fill(leave=4096)
    with pytest.raises(Unwritable, match="No space left on device") as failure:
        write(path)
    assert str(failure.value).startswith(f"{path} cannot be written: ")
    assert "\n" not in str(failure.value)
    assert path.read_bytes() == old
    assert {each.name for each in disk.folder.iterdir()} == {"file", "filler"}

    disk.make_room()
    write(path)
    if write is weights:
        assert load_weights(path)[0] == MANIFEST


@pytest.mark.parametrize("kib", [0, 4, 8, 12, 16])
def test_a_broker_says_so_too_where_not_even_its_own_notes_can_be_written(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, kib: int
) -> None:
    monkeypatch.setattr(data_folder, "MIN_FREE_BYTES", 0)
    disk.fill(kib * 1024)
    broker = LocalBroker(disk.folder / "kafka", free_port())
    with pytest.raises(BrokerError, match="No space left on device") as failure:
        broker.start(detached=False)
    assert str(broker.data) in str(failure.value)
    assert "\n" not in str(failure.value)
    assert broker_process.running(broker.data) is None


def test_a_folder_is_known_again_after_a_start_that_found_no_room_for_its_notes(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_folder, "MIN_FREE_BYTES", 0)
    runtime, data = find_runtime(), disk.folder / "kafka"
    data_folder.prepare(runtime, data, 9092, 9093)
    disk.fill()
    with pytest.raises(OSError, match="No space left on device"):
        data_folder.prepare(runtime, data, 9092, 9093)
    disk.make_room()
    data_folder.prepare(runtime, data, 9092, 9093)
