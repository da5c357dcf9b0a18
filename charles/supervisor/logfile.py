"""A program's log: the program writes to the file itself, so nothing breaks when its supervisor dies; others read."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import IO

_LARGE_FILE_BYTES = 16 << 20
_FORWARDED_BYTES = 256 << 10
_END_BYTES = 8 << 10


class LogFile:
    """The log of one program, from this moment on."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where there can be no such file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
        self.path = path
        self._life = self._read = self._size()
        self._unfinished = b""

    def open(self) -> IO[bytes]:
        """The file for a new life of the program, to be appended to. A large log makes room: one old one is kept.

        Where there is no room on the disk, what the program writes is lost, and not the program.
        """
        with suppress(OSError):
            if self._size() > _LARGE_FILE_BYTES:
                self.path.replace(self.path.with_suffix(".old.log"))
                self._read = 0
        self._life = self._size()
        try:
            return self.path.open("ab")
        except OSError:
            return Path(os.devnull).open("ab")

    def new_lines(self) -> list[str]:
        """What was written since the last time; of a flood only its end. An unfinished line comes when it is whole."""
        written, self._read = self._tail(self._read, _FORWARDED_BYTES)
        text = (self._unfinished + written).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, self._unfinished = text.split(b"\n")
        return [line.decode(errors="replace") for line in lines if line.strip()]

    def last_words(self, name: str) -> str:
        """The last line of this life, without what its readers know: when and who it was."""
        lines = [line.strip() for line in self._tail(self._life, _END_BYTES)[0].decode(errors="replace").splitlines()]
        last = next((line for line in reversed(lines) if line), "")
        with suppress(ValueError, TypeError, KeyError):
            return str(json.loads(last)["message"])
        return re.sub(rf"^[\d:]+ {re.escape(name)} \w+ +", "", last)

    def _tail(self, start: int, most: int) -> tuple[bytes, int]:
        """What stands from start on, the last `most` bytes of it; and where that ends. The program goes on writing."""
        try:
            with self.path.open("rb") as log:
                size = self._size()
                log.seek(max(min(start, size), size - most))
                return log.read(most), log.tell()
        except OSError:
            return b"", start

    def _size(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError:
            return 0
