"""Small disks that a test may fill."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_BLOCK = 4096
_MIB = 1 << 20


class Disk:
    """A disk of its own. folder: where it is mounted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self, leave: int = 0) -> None:
        """Write until no more than so many bytes are free; never less on the way, so that nobody sees a fuller disk."""
        with self._filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            for size in (_MIB, _BLOCK):
                while shutil.disk_usage(self.folder).free >= leave + size and file.write(b"x" * size) == size:
                    pass

    def make_room(self) -> None:
        self._filler.unlink(missing_ok=True)


def may_mount() -> bool:
    """Whether this user can have a small disk here."""
    if not sys.platform.startswith("linux") or shutil.which("umount") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        mounted = _mount(Path(folder), 1)
        if mounted:
            _unmount(Path(folder))
    return mounted


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[Disk]:
    """A disk in memory, mounted on a new folder until the block ends. Skips the test where this user cannot mount."""
    if not may_mount():
        pytest.skip("this user may not mount a disk in memory")
    folder.mkdir()
    assert _mount(folder, mib)
    try:
        yield Disk(folder)
    finally:
        _unmount(folder)


def _mount(folder: Path, mib: int) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)]
    return (
        shutil.which("mount") is not None and not subprocess.run(command, capture_output=True, check=False).returncode
    )


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607
