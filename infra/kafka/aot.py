"""Java's ahead-of-time cache: made once, by a training run of a broker, it takes two thirds off every later start."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.kafka import BrokerError, Progress
from infra.kafka.broker_process import end, spawn, wait_until_ready
from infra.kafka.data_folder import prepare
from infra.kafka.ports import LOOPBACK, free_port
from infra.kafka.runtime import JVM, Runtime

STEP = "preparing the startup cache (only once)"
TRAINING_S = 30.0
"""For the broker to answer; 3 s where nothing else runs."""
WRITING_S = 40.0
"""For Java to write the cache; 7 s where nothing else runs."""
RETRY_AFTER_S = 3600.0


def prepared(runtime: Runtime, folder: Path, progress: Progress) -> Path | None:
    """The AOT cache that fits this runtime, made first where there is none; None where it cannot be made.

    A broker starts without it too, only slower, so nothing that goes wrong here is an error. A failure leaves an
    empty file, and the next try waits for an hour.
    """
    if os.name != "posix":
        # Java writes the cache when it is asked to end, and Windows knows no way to ask.
        return None
    try:
        path = folder / f"kafka-{_key(runtime)}.aot"
        if not path.exists() or _older_than(path, RETRY_AFTER_S, only_empty=True):
            with _only_one(path.with_suffix(".training")) as workshop:
                if workshop is None:
                    return None
                try:
                    _train(runtime, workshop, path, progress)
                except (BrokerError, OSError):
                    path.write_bytes(b"")
        return path if path.stat().st_size else None
    except OSError:
        return None


@contextmanager
def _only_one(folder: Path) -> Iterator[Path | None]:
    """A folder that is this process's alone, removed at the end; None while another process has it."""
    if folder.exists() and _older_than(folder, 2 * TRAINING_S + WRITING_S):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir()
    except FileExistsError:
        yield None
        return
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _older_than(path: Path, age_s: float, *, only_empty: bool = False) -> bool:
    stat = path.stat()
    return stat.st_mtime < time.time() - age_s and not (only_empty and stat.st_size)


def _train(runtime: Runtime, workshop: Path, path: Path, progress: Progress) -> None:
    """Run a broker in a folder of its own until it answers, and keep what Java learnt at path."""
    progress(STEP, 0, 3)
    port = free_port()
    properties = prepare(runtime, workshop, port, free_port())
    progress(STEP, 1, 3)
    fresh = workshop / path.name
    recording = (f"-XX:AOTCacheOutput={fresh}",)
    command = runtime.command("kafka.Kafka", str(properties), jvm=recording, log=workshop / "broker.log")
    broker = spawn(command, workshop / "broker.out", detached=False)
    try:
        if not wait_until_ready(f"{LOOPBACK}:{port}", lambda: broker.poll() is None, TRAINING_S):
            raise BrokerError("the training run did not come up")
        progress(STEP, 2, 3)
        end(broker.pid, WRITING_S)
    finally:
        # Still there only after a failure or a Ctrl-C, which shall not wait for the writing.
        broker.kill()
        broker.wait()
    fresh.replace(path)
    progress(STEP, 3, 3)


def _key(runtime: Runtime) -> str:
    """Changes with what Java compares before it accepts a cache: its own build, its options, the jars."""
    release = (runtime.java.parent.parent / "release").read_bytes()
    options = [option for option in JVM if option.startswith("-XX")]
    jars = [(str(jar), jar.stat().st_size, jar.stat().st_mtime_ns) for jar in runtime.jars]
    return hashlib.sha256(repr((release, options, jars)).encode()).hexdigest()[:16]
