"""Java's ahead-of-time cache: made once, by a training run of a broker, it takes two thirds off every later start."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from infra.kafka import BrokerError, Progress
from infra.kafka.ports import LOOPBACK, free_port
from infra.kafka.process import end, spawn, wait_until_ready
from infra.kafka.runtime import JVM, Runtime
from infra.kafka.storage import prepare

STEP = "preparing quick starts (only once)"
TRAINING_S = 60.0


def prepared(runtime: Runtime, folder: Path, progress: Progress) -> Path | None:
    """The AOT cache that fits this runtime, made first where there is none; None where it cannot be made.

    A broker starts without it too, only slower, so nothing that goes wrong here is an error. What failed once
    leaves an empty file and is not tried again.
    """
    if os.name != "posix":
        # Java writes the cache when it is asked to end, and Windows knows no way to ask.
        return None
    path = folder / f"kafka-{_key(runtime)}.aot"
    if not path.exists():
        try:
            _train(runtime, path, progress)
        except (BrokerError, OSError):
            path.touch()
    return path if path.stat().st_size else None


def _train(runtime: Runtime, path: Path, progress: Progress) -> None:
    """Run a broker in a folder of its own until it answers, and keep what Java learnt."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="training-") as folder:
        progress(STEP, 0, 3)
        data, port = Path(folder), free_port()
        properties = prepare(runtime, data, port, free_port())
        progress(STEP, 1, 3)
        fresh = data / path.name
        recording = (f"-XX:AOTCacheOutput={fresh}",)
        command = runtime.command("kafka.Kafka", str(properties), jvm=recording, log=data / "broker.log")
        broker = spawn(command, data / "broker.out", detached=False)
        try:
            if not wait_until_ready(f"{LOOPBACK}:{port}", lambda: broker.poll() is None, TRAINING_S):
                raise BrokerError("the training run did not come up")
            progress(STEP, 2, 3)
            end(broker.pid, TRAINING_S)
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
