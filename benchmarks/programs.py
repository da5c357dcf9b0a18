"""Our programs beside a benchmark."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from charles.base.shutdown import SUPERVISED
from charles.settings import Settings, environment


@contextmanager
def program(settings: Settings, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """`charles WORDS` as a process of its own with these settings, killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "charles", *words],
        env=os.environ | environment(settings) | {SUPERVISED: "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
