"""A large checkpoint on its way to a player, beside a file that is copied and loaded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from benchmarks.follower import ARCHITECTURE, MODEL, READY
from benchmarks.harness import Contest, Figures
from benchmarks.place import BenchPlace
from charles.base.shutdown import SUPERVISED
from charles.checkpoints.identity import WEIGHTS, ModelIdentity
from charles.checkpoints.packing import Arrays
from charles.checkpoints.publish import publish
from charles.checkpoints.publish import publisher as publisher_of
from charles.kafka.publisher import Publisher
from charles.kafka.transactions import join, transaction
from charles.settings import Kafka

TENSORS = 20
FLOATS = 2_825_000
"""Of a tensor: 226 MB together, as much as the weights of a large line."""


@contextmanager
def checkpoint(place: BenchPlace) -> Iterator[Contest]:
    """Seconds from arrays in one process to the same arrays, checked, in another one; the yardstick begins with a file
    that is written already, and checks nothing."""
    rng = np.random.default_rng(1)
    arrays: Arrays = {f"kernel-{n}": rng.random(place.count(FLOATS), np.float32) for n in range(TENSORS)}
    original, copy = place.folder / "original.safetensors", place.folder / "copy.safetensors"
    save_file(arrays, original)
    kafka = place.cluster()
    publisher = publisher_of(kafka, MODEL)
    join(publisher)

    def yardstick() -> Figures:
        copy.unlink(missing_ok=True)
        start_s = time.perf_counter()
        shutil.copyfile(original, copy)
        load_file(copy)
        return {"": time.perf_counter() - start_s}

    with _following(kafka, place.folder / "follower.log") as follower:
        yield Contest(lambda: {"": _publish(publisher, arrays, follower)}, yardstick)


def _publish(publisher: Publisher, arrays: Arrays, follower: subprocess.Popen[str]) -> float:
    """Seconds until the follower has it."""
    start_s = time.perf_counter()
    with transaction(publisher):
        who = ModelIdentity(MODEL, MODEL, ARCHITECTURE, picture=(480, 270))
        manifest = publish(publisher, who, WEIGHTS, time.monotonic_ns(), arrays)
    _hear(follower, manifest.artefact)
    return time.perf_counter() - start_s


@contextmanager
def _following(kafka: Kafka, log: Path) -> Iterator[subprocess.Popen[str]]:
    """A second process that follows the model, and says what it has."""
    command = [sys.executable, "-m", "benchmarks.follower", kafka.bootstrap_servers, kafka.prefix]
    with log.open("w") as errors:
        follower = subprocess.Popen(
            command,
            env=os.environ | {SUPERVISED: "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        _hear(follower, READY)
        yield follower
    finally:
        follower.kill()
        follower.communicate()


def _hear(follower: subprocess.Popen[str], words: str) -> None:
    """Return when it says so. Raises RuntimeError when it says something else, or has died."""
    assert follower.stdout is not None
    told = follower.stdout.readline().strip()
    if told != words:
        raise RuntimeError(f"the process that follows the checkpoints said {told!r} instead of {words!r}")
