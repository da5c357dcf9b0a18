"""Programs as tests run them: the real ones, as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from charles.settings import Kafka, environment, load
from charles.stopping import SUPERVISED


@contextmanager
def running(verb: str, kafka: Kafka, **sections: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    """`charles VERB` with these settings, until the block ends; then it is told to stop and must do so cleanly, unless
    the test has killed it."""
    settings = load(kafka=kafka.model_dump(), **sections)
    process = subprocess.Popen(
        [sys.executable, "-m", "charles", verb],
        env=os.environ | environment(settings) | {SUPERVISED: "1"},
        stdin=subprocess.PIPE,
    )
    try:
        yield process
        stop(process)
    finally:
        process.kill()
        process.wait()


def stop(process: subprocess.Popen[bytes]) -> None:
    """Tell a program to stop as its supervisor does, by the end of its input; it ends with 0, or was killed."""
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(30) in (0, -9)
