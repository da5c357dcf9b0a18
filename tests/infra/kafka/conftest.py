"""A broker of its own for tests that kill, damage or misplace one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.kafka.broker import LocalBroker
from infra.kafka.ports import free_port


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[LocalBroker]:
    """A broker that the test starts, on a new folder and a free port; stopped afterwards."""
    broker = LocalBroker(tmp_path / "kafka", free_port())
    yield broker
    broker.stop()
