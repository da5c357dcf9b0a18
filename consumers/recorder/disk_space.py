"""Waits for room on the disk of a recording. What was read meanwhile stays in memory, so that nothing is lost."""

from __future__ import annotations

import errno
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from charles.base.atomic_file import Unwritable
from charles.base.sizes import size
from charles.control.link import Link

log = logging.getLogger(__name__)

T = TypeVar("T")

_AGAIN_S = 1.0
_FULL_DISK_ERRNOS = (errno.ENOSPC, errno.EDQUOT)


class DiskFull(RuntimeError):
    """The disk is full, and the program shall not wait any longer; the message says what becomes of the recording."""


class DiskSpace:
    """needs: bytes that wait to be written."""

    def __init__(self, folder: Path, link: Link, needs: Callable[[], int] = lambda: 0) -> None:
        self._folder = folder
        self._link = link
        self.needs = needs

    def until_done(self, write: Callable[[], T]) -> T:
        """What write() returns, which is called again as long as it finds the disk full. Raises DiskFull where this
        life of the program is over before, and what else write() raises."""
        waited = False
        while True:
            try:
                done = write()
            except Unwritable as problem:
                if not is_full(problem):
                    raise
                self._wait(problem, told=waited)
                waited = True
            else:
                if waited:
                    log.info("%s has free space again", self._folder)
                return done

    def _wait(self, problem: Unwritable, *, told: bool) -> None:
        if not told:
            log.warning("%s; waiting for free space, nothing is lost: %s", problem, self._lack())
        self._link.beat("waiting", note=f"for disk space: {self._lack()}", force=not told)
        if self._link.should_end(_AGAIN_S):
            raise DiskFull(
                f"{self._folder} is not complete because its disk is full: free some space and start the recorder "
                f"with it again to resume"
            ) from problem

    def _lack(self) -> str:
        return f"{size(self.needs())} are waiting for {self._folder}, which has {size(free(self._folder))} free"


def is_full(problem: Unwritable) -> bool:
    """Whether there would have to be more room."""
    return isinstance(problem.__cause__, OSError) and problem.__cause__.errno in _FULL_DISK_ERRNOS


def free(folder: Path) -> int:
    """Bytes that are free on the disk where a folder is, or will be."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return shutil.disk_usage(there).free
