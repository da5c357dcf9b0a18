"""TensorBoard's files, where there is no room for them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import tensorflow as tf

from consumers.trainer import console_and_tensorboard
from consumers.trainer.console_and_tensorboard import Scalars


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 4 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        pytest.skip(f"no small disk can be mounted here: {problem}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607


def fill(disk: Path) -> Path:
    """Leave no byte free; returns the file that takes the room."""
    path = disk / "filler"
    with path.open("wb", buffering=0) as filler:
        for size in (1 << 16, 1 << 12):
            while True:
                try:
                    filler.write(b"\0" * size)
                except OSError:
                    break
    return path


def batches(file: Path) -> list[int]:
    """The steps of all whole events of a file."""
    found = []
    for record in tf.data.TFRecordDataset([str(file)]):
        event = tf.compat.v1.Event.FromString(record.numpy())
        found += [event.step] if event.summary.value else []
    return found


def test_a_full_disk_costs_scalars_and_one_line_until_there_is_room_again(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(console_and_tensorboard, "_SCALARS_S", 0.0)
    monkeypatch.setattr(console_and_tensorboard, "_TRY_AGAIN_S", 0.0)
    caplog.set_level("INFO")
    folder = small_disk / "model"
    scalars = Scalars(folder)
    scalars.add(0, {"loss": 1.0})
    filler = fill(small_disk)
    for batch in range(1, 200):
        scalars.add(batch, {"loss": 1.0, "errors/steering": 0.5})
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("TensorBoard files cannot be written, training continues without them: ")
    assert line.endswith("No space left on device")

    filler.unlink()
    for batch in range(200, 210):
        scalars.add(batch, {"loss": 1.0})
    scalars.close()
    assert [record.getMessage() for record in caplog.records][1:] == ["TensorBoard files are written again"]
    newest = max(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
    assert batches(newest) == list(range(200, 210))
    assert len(list(folder.iterdir())) == 2


def test_a_folder_that_cannot_be_is_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    scalars = Scalars(tmp_path / "file")
    scalars.add(0, {"loss": 1.0})
    scalars.close()
    (line,) = [record.getMessage() for record in caplog.records]
    assert "cannot be written" in line
    assert str(tmp_path / "file") in line
