"""Replays as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from charles import topics
from charles.kafka.clients import name
from charles.kafka.reading import NoTopic, spans
from charles.recordings.format.reader import Recording
from charles.settings import Kafka
from tests.patience import PATIENCE_S

Start = Callable[..., "subprocess.Popen[str]"]


def started(source: Recording, kafka: Kafka, options: tuple[str, ...], others: dict[str, Any]) -> subprocess.Popen[str]:
    """`charles replay` of this recording; others: of Popen."""
    argv = [sys.executable, "-m", "charles", "replay", str(source.folder), "--prefix", kafka.prefix, *options]
    environment = os.environ | {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers}
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | others
    return subprocess.Popen(argv, env=environment, text=True, **pipes)


def held(kafka: Kafka) -> int:
    """How many controls the topic holds."""
    try:
        return sum(span.end for span in spans(kafka, name(kafka, topics.CONTROLS)).values())
    except NoTopic:
        return 0


def rests(kafka: Kafka) -> bool:
    """Whether nothing comes for a second, in which sixty controls were recorded."""
    before = held(kafka)
    time.sleep(1.0)
    return held(kafka) == before


def until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err
