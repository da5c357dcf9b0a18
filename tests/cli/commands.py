"""`charles` commands as a person gives them."""

from __future__ import annotations

import os
import subprocess
import sys

from charles.settings import Kafka
from tests.patience import PATIENCE_S


def environment(kafka: Kafka) -> dict[str, str]:
    return os.environ | {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers, "CHARLES_KAFKA__PREFIX": kafka.prefix}


def charles(kafka: Kafka, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a command says, and its exit code."""
    return subprocess.run(
        [sys.executable, "-m", "charles", *arguments],
        env=environment(kafka),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
