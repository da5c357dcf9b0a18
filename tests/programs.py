"""Programs as tests run them: the real ones, as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from charles import config_log
from charles.config import Config
from charles.settings import Kafka, environment, load
from charles.stopping import SUPERVISED


def configure(kafka: Kafka, document: Mapping[str, Any]) -> config_log.Epoch:
    """Set fields of the pipeline's configuration: configure(kafka, {"balance": {"history": 10}})."""

    def change(config: Config) -> Config:
        old = config.model_dump()
        new = {name: old[name] | value if isinstance(value, Mapping) else value for name, value in document.items()}
        return Config.model_validate(old | new)

    return config_log.put(kafka, change)


@contextmanager
def running(
    verb: str, kafka: Kafka, config: Mapping[str, Any] | None = None, **sections: dict[str, Any]
) -> Iterator[subprocess.Popen[bytes]]:
    """`charles VERB` with these settings, until the block ends; then it is told to stop and must do so cleanly, unless
    the test has killed it. config: is set for the whole pipeline first."""
    if config:
        configure(kafka, config)
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
    """Tell a program to stop as its supervisor does; it ends with 0, or was killed."""
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(30) in (0, -9)


class StopWhen:
    """Says when a program that runs in a thread of the test shall stop, as stopping.Stop does in a process of its own:
    once the test says so, or something is done."""

    def __init__(self, done: Callable[[], bool] = lambda: False) -> None:
        self._done = done
        self._told = threading.Event()

    def __call__(self, wait_s: float = 0.0) -> bool:
        return self._told.wait(wait_s) or self._done()

    def set(self) -> None:
        self._told.set()
