"""What the tests of the balancer begin with."""

from __future__ import annotations

import pytest

from charles.settings import Kafka
from tests.stream_jobs.balancer.feeding import Feed


@pytest.fixture
def feed(kafka: Kafka) -> Feed:
    return Feed(kafka)
