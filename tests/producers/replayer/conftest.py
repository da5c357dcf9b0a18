"""A recording, somewhere to replay it to, and the replayer in between."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from charles.recordings.format.reader import Recording
from charles.recordings.replay_outcome import ReplayOutcome
from charles.settings import Kafka, Replayer, Settings
from producers import replayer
from tests.producers.replayer.driven import drive, odd, recording
from tests.producers.replayer.processes import Start, started

Replay = Callable[..., ReplayOutcome]


@pytest.fixture
def target(broker: str) -> Kafka:
    """Where nothing is, not even topics."""
    return Kafka(bootstrap_servers=broker, prefix=f"t{uuid4().hex[:8]}")


@pytest.fixture
def source(tmp_path: Path) -> Recording:
    """Two collectors for 60 ticks, with oddities between them."""
    placed = list(drive(60))
    placed[100:100] = [("frames", 1, record) for record in odd(0)]
    placed += [("balanced", 0, record) for record in odd(1000)]
    return recording(tmp_path / "monday", placed)


@pytest.fixture
def replay(target: Kafka) -> Replay:
    """Replays a recording to the target, as fast as it goes unless told otherwise."""

    def run(source: Recording, **options: Any) -> ReplayOutcome:
        options = {"prefix": target.prefix, "speed": "max", "recording": source.folder} | options
        return replayer.main(Settings(kafka=target, replayer=Replayer(**options)))

    return run


@pytest.fixture
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Starts `charles replay`, to the target unless told otherwise; what still runs afterwards is killed."""
    running: list[subprocess.Popen[str]] = []

    def run(source: Recording, *options: str, kafka: Kafka | None = None, **others: Any) -> subprocess.Popen[str]:
        running.append(started(source, kafka or request.getfixturevalue("target"), options, others))
        return running[-1]

    yield run
    for one in running:
        one.kill()
        one.wait()
        for pipe in (one.stdout, one.stderr):
            if pipe is not None:
                pipe.close()
