"""The demo's broker is kept running, and nobody waits for it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

import pytest

from charles.demo.broker import KeptBroker
from infra.kafka.broker import LocalBroker
from tests.kafka_tools import kill
from tests.patience import PATIENCE_S


def news_until(kept: KeptBroker, true: Callable[[list[str]], bool]) -> list[str]:
    """What it tells, until something is true of that."""
    news: list[str] = []
    deadline = time.monotonic() + PATIENCE_S
    while not true(news):
        assert time.monotonic() < deadline, f"it told only {news}"
        asked = time.monotonic()
        news += kept.look()
        assert time.monotonic() - asked < 1, "nobody shall wait for it"
        time.sleep(0.05)
    return news


def test_a_broker_that_dies_comes_back_and_says_so(own_broker: LocalBroker) -> None:
    own_broker.start(detached=False)
    kept = KeptBroker(own_broker)
    assert kept.look() == []
    kill(own_broker)
    died, _back = news_until(kept, lambda news: "the broker is back" in news)
    assert died.startswith("the broker died: ")
    assert died.endswith("; restarting in 0.5 s")
    assert own_broker.status().ready
    kept.stop(10)
    assert not own_broker.status().running


def test_on_a_full_disk_it_is_tried_again_ever_later_until_there_is_room(
    own_broker: LocalBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_broker.start(detached=False)
    kept = KeptBroker(own_broker)
    usage = shutil.disk_usage(own_broker.data)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=100 * 2**20))
        kill(own_broker)
        news = news_until(kept, lambda news: len(news) == 3)
    assert [line.rpartition("; ")[2] for line in news] == [
        "restarting in 0.5 s",
        "restarting in 1 s",
        "restarting in 2 s",
    ]
    assert all("is full: 100 MiB are free" in line for line in news[1:])
    assert news_until(kept, lambda news: "the broker is back" in news) == ["the broker is back"]
    kept.stop(10)


def test_it_can_be_ended_while_it_comes_back(own_broker: LocalBroker) -> None:
    own_broker.start(detached=False)
    kept = KeptBroker(own_broker)
    kill(own_broker)
    news_until(kept, lambda news: len(news) == 1)
    time.sleep(1)  # its start is under way
    kept.stop(10)
    assert not own_broker.status().running
