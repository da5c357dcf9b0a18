"""Small disks that a test may fill."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
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


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[Disk]:
    """A disk in memory, mounted on a new folder until the block ends. Skips the test where this user cannot mount."""
    if not sys.platform.startswith("linux"):
        pytest.skip("a disk in memory is mounted on Linux only")
    folder.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    options = "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)
    if (
        mount is None
        or umount is None
        or subprocess.run([mount, *options], capture_output=True, check=False).returncode
    ):
        pytest.skip("this user may not mount a disk in memory")
    try:
        yield Disk(folder)
    finally:
        subprocess.run([umount, "--lazy", str(folder)], check=True)
