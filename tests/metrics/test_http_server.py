"""Where a program's metrics are served, and where they are not."""

from __future__ import annotations

import logging
import socket
import urllib.request
from urllib.error import URLError

import pytest

from charles.cli.run_command import metrics_offered
from charles.kafka.process_state import process
from charles.settings import load
from tests.metrics.pages import page
from tests.ports import free_port


@pytest.fixture(autouse=True)
def outlets_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page listens to is the process's; the tests' other programs are undisturbed afterwards."""
    monkeypatch.setattr(process, "_statistics", {})
    monkeypatch.setattr(process, "status_sinks", [])


def test_without_a_port_nothing_is_asked_of_anybody() -> None:
    with metrics_offered(load(), "collector"):
        assert process.measured() == {}
        assert process.status_sinks == []


def test_a_page_is_there_while_the_program_runs_on_loopback_alone() -> None:
    port = free_port()
    with metrics_offered(load(metrics={"port": port}), "player"):
        text = page(f"127.0.0.1:{port}")
        assert {"stats_cb", "statistics.interval.ms"} == {*process.measured()}
    assert "charles_player_frames_per_second" in text
    assert "charles_program_config_epoch" in text
    assert "charles_trainer" not in text
    with pytest.raises(URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5)


def test_a_program_without_metrics_of_its_own_has_the_common_ones() -> None:
    port = free_port()
    with metrics_offered(load(metrics={"port": port}), "annotator"):
        assert "charles_program_state" in page(f"127.0.0.1:{port}")


def test_a_port_that_is_taken_is_told_and_the_program_runs(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, caplog.at_level(logging.WARNING):
        port = taken.getsockname()[1]
        with metrics_offered(load(metrics={"port": port}), "collector"):
            assert process.measured() == {}
    assert f"metrics cannot be served at 127.0.0.1:{port}: Address already in use" in caplog.text
