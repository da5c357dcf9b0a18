"""`charles replay`: options, and what is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from charles.cli import app
from charles.recordings.format.reader import Recording
from charles.settings import Kafka
from tests.producers.replayer.conftest import source, target
from tests.producers.replayer.driven import BEGAN_MS

__all__ = ["source", "target"]


@pytest.fixture
def shell(target: Kafka, source: Recording, monkeypatch: pytest.MonkeyPatch) -> Kafka:
    """A command line for which the recording is `monday`."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", target.bootstrap_servers)
    monkeypatch.setenv("CHARLES_RECORDINGS__FOLDER", str(source.folder.parent))
    monkeypatch.setenv("CHARLES_REPLAYER__PREFIX", target.prefix)
    return target


def replay(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["replay", "monday", *arguments])


def test_it_tells_what_was_replayed(shell: Kafka) -> None:
    told = replay("--speed", "max", "--topics", "frames,controls")
    assert told.exit_code == 0
    assert f"replayed into {shell.prefix}.* at {shell.bootstrap_servers}: " in told.stdout
    assert "frames 125" in told.stdout
    assert "controls 120" in told.stdout
    assert "0 late" in told.stdout


def test_it_tells_it_as_json(shell: Kafka) -> None:
    told = replay("--speed", "max", "--collectors", "attic", "--since", "+1s", "--json")
    facts = json.loads(told.stdout)
    assert facts["records"] == {"frames": 29, "controls": 29, "balanced": 5}
    assert (facts["prefix"], facts["complete"], facts["passes"]) == (shell.prefix, True, 1)
    assert facts["position_ms"] == BEGAN_MS + 59 * 33


def test_values_that_no_new_run_could_be_written_into_are_told(shell: Kafka) -> None:
    told = replay("--speed", "max", "--new-run", "--topics", "frames")
    assert told.exit_code == 0
    assert "3 unreadable values: only their headers have the new run name" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--loop"], "--loop needs --new-run"),
        (["--resume", "--new-run"], "cannot be combined with --new-run"),
        (["--speed", "fast"], "replayer.speed: should be max or a number above 0, not 'fast'"),
        (["--timestamps", "old"], "replayer.timestamps: should be 'keep' or 'now', not 'old'"),
        (["--since", "yesterday"], "'yesterday' is not a valid time"),
        (["--topics", "config"], "config cannot: the pipeline has its own configuration"),
        (["--topics", "driving"], "has no topic driving; topics: frames, controls, balanced, training"),
        (["--collectors", "cellar"], "has no collector cellar; collectors: attic, garage"),
        (["--prefix", "a b"], "replayer.prefix: should match the pattern"),
    ],
)
def test_what_cannot_be_is_one_clear_line(
    arguments: list[str], words: str, source: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("CHARLES_RECORDINGS__FOLDER", str(source.folder.parent))
    told = replay(*arguments)
    assert told.exit_code == 1
    assert words in told.stderr
    assert len(told.stderr.splitlines()) == 1


def test_no_recording_is_one_clear_line(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["replay", str(tmp_path / "nowhere")])
    assert told.exit_code == 1
    assert "nowhere is not a recording: no such folder" in told.stderr


def test_no_broker_is_one_clear_line(source: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    told = CliRunner().invoke(app, ["replay", str(source.folder), "--topics", "controls"])
    assert told.exit_code == 1
    (line,) = [line for line in told.stderr.splitlines() if " info " not in line]
    assert "no Kafka broker answers at 127.0.0.1:1" in line
