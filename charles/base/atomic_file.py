"""Files that are written completely or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Unwritable(RuntimeError):
    """A file cannot be written; the message names it and says why."""


@contextmanager
def written(path: Path, *foreseen: type[Exception]) -> Iterator[Path]:
    """A temporary path to write a file to; it replaces the file when the block ends. A reader sees the old file or the
    complete new one. Its folder is created. foreseen: further exceptions that the writer raises if it cannot write.
    Raises Unwritable; the old file then stays as it was, and nothing lies beside it.
    """
    refusals: tuple[type[Exception], ...] = (OSError, *foreseen)
    unfinished = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        unfinished.replace(path)
    except refusals as error:
        reason = getattr(error, "strerror", None) or error
        raise Unwritable(f"{path} cannot be written: {reason}") from error
    finally:
        with suppress(FileNotFoundError, NotADirectoryError):
            unfinished.unlink()
