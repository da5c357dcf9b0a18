"""One writer at a time: a file that the system unlocks when its holder dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from charles.base.atomic_file import Unwritable
from charles.recordings.format.errors import RecordingError


class RecordingLock:
    """Holds a file locked until it is closed. Raises RecordingError where another one holds it, Unwritable."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("ab")
        except OSError as error:
            raise Unwritable(f"{path} cannot be written: {error.strerror}") from error
        try:
            _lock(self._file.fileno())
        except OSError:
            self._file.close()
            raise RecordingError(f"another program is writing to {path.parent}: stop it first") from None

    @property
    def held(self) -> bool:
        return not self._file.closed

    def close(self) -> None:
        """The file stays: whoever took it away might take it from under the next one."""
        self._file.close()


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
