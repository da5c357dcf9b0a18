"""Programs whose log a test reads."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from charles.base.shutdown import SUPERVISED
from charles.settings import Kafka, environment, load
from tests.patience import PATIENCE_S


@contextmanager
def logged(verb: str, kafka: Kafka, log: Path, **sections: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    """`charles VERB` with its output in this file, until the block ends; then it is told to stop, and must do so
    cleanly."""
    settings = load(kafka=kafka.model_dump(), **sections)
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "charles", verb],
            env=os.environ | environment(settings) | {SUPERVISED: "1"},
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=out,
        )
    assert process.stdin is not None
    try:
        yield process
        process.stdin.write(b"stop\n")
        process.stdin.flush()
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()


def until(true: Callable[[], Any], patience_s: float = PATIENCE_S) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, f"not within {patience_s:g} s"
        time.sleep(0.1)
