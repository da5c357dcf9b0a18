"""One pipeline in two terminals, changed from a third."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from charles import topics
from charles.events import Sample, Status
from charles.ledger import tick_ledger
from charles.settings import Kafka
from tests.kafka_tools import events
from tests.patience import PATIENCE_S
from tests.programs import heard


def charles(kafka: Kafka, *arguments: str) -> subprocess.Popen[str]:
    where = {"CHARLES_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers, "CHARLES_KAFKA__PREFIX": kafka.prefix}
    command = [sys.executable, "-m", "charles", *arguments]
    return subprocess.Popen(
        command, env=os.environ | where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def said(kafka: Kafka, *arguments: str) -> str:
    """What a command that ends by itself says; it must end well."""
    process = charles(kafka, *arguments)
    told, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, told
    return told


@contextmanager
def terminal(kafka: Kafka, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`charles run` in a terminal of its own, ended by Ctrl-C, which must be a good end."""
    process = charles(kafka, "run", "--quiet", *arguments)
    try:
        yield process
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, told
    finally:
        process.kill()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there")
def test_programs_of_two_terminals_work_as_one_and_follow_a_third(kafka: Kafka, tmp_path: Path) -> None:
    small = ["game=slalom", "play.swap=at once", "train.buffer=84", "train.checkpoint_every=20"]
    said(kafka, "config", "set", *small)
    with (
        terminal(kafka, "trainer", "player", "--folder", str(tmp_path / "learns")),
        terminal(kafka, "collector=2", "balancer", "--folder", str(tmp_path / "collects")),
    ):
        heard(kafka, lambda status: status.program == "player" and status.batch > 0)
        assert "balance.bins: 21 -> 5" in said(kafka, "config", "set", "balance.bins=5")
        followed(kafka, 1)
        assert "steering" in said(kafka, "config", "set", "outputs=steering")
        followed(kafka, 2)
        said(kafka, "status")

    assert "The ledger adds up." in said(kafka, "ledger")
    samples = events(kafka, topics.BALANCED, Sample)
    assert tick_ledger.total(tick_ledger.read(kafka)).terms["emitted"] == len(samples)
    assert {sample.set_bin for sample in samples if sample.epoch == 1} == set(range(5))
    assert {sample.set_output for sample in samples if sample.epoch == 2} == {"steering"}


def followed(kafka: Kafka, epoch: int) -> None:
    """Everybody works under this epoch, and the loop is closed under it: the player drives with weights of it."""

    def driven(status: Status) -> bool:
        return status.program == "player" and status.epoch == epoch and status.state == "running"

    for program in ("collector", "balancer", "trainer"):
        heard(kafka, lambda s, program=program: s.program == program and s.epoch == epoch and s.state == "running")
    batch = heard(kafka, driven).batch
    heard(kafka, lambda status: driven(status) and status.batch > batch)
