"""`charles recordings check` names junk, and the command that leaves it out."""

from __future__ import annotations

import json
import random
import shlex
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from charles.cli import app
from charles.events import Control
from charles.recordings.format.reader import Recording
from tests.recordings.driving import control, frame_of, record
from tests.recordings.made import recorded


def driving(run: str) -> list[Control]:
    """One that turns and changes its speed, as its controls say."""
    made, speed, x, rng = [], 10.0, 0.0, random.Random(1)
    steering = pedals = 0.0
    for tick in range(400):
        steering, pedals = (0.9 * value + rng.uniform(-0.1, 0.1) for value in (steering, pedals))
        speed += 4 * pedals / 30
        x += speed / 30
        values = {"steering": steering, "acceleration": max(pedals, 0.0), "braking": max(-pedals, 0.0)}
        made.append(control(tick, run, **values, speed=speed, yaw_rate=steering, x=x))
    return made


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two recordings of one run; in one of them the camera is frozen for five seconds."""
    monkeypatch.setenv("CHARLES_RECORDINGS__FOLDER", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "250")
    for name, held in (("good", range(0)), ("bad", range(100, 250))):
        rows = []
        for offset, each in enumerate(driving("r1")):
            shown = control(100 if offset in held else offset)
            rows.append(("frames", 0, record(frame_of(each, frame_of(shown).picture), offset)))
            rows.append(("controls", 0, record(each, offset)))
        recorded(tmp_path / name, rows)
    return tmp_path


def charles(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["recordings", *map(str, arguments)])


def test_good_labels_are_said_to_be_good(folder: Path) -> None:
    told = charles("check", "good")
    assert told.exit_code == 0, told.output
    assert told.stdout == f"{folder / 'good'}: no junk labels found in 400 ticks of 1 run\n"


def test_junk_is_named_with_the_command_that_leaves_it_out(folder: Path) -> None:
    told = charles("check", "bad")
    assert told.exit_code == 1
    row, words, command, total = told.stdout.splitlines()
    assert row == "frozen camera  +0:00:03  c/r1:100-245"
    assert "pictures in a row are the same bytes" in words
    assert command.strip() == "charles recordings drop bad bad-clean --span c/r1:100-245"
    assert total == "1 finding in 400 ticks of 1 run"

    assert charles(*shlex.split(command)[2:]).exit_code == 0
    assert Recording.open(folder / "bad-clean").lengths["frames"].records == 400 - 146
    assert charles("check", "bad-clean").exit_code == 0


def test_findings_as_json(folder: Path) -> None:
    told = charles("check", "bad", "--json")
    assert told.exit_code == 1
    facts = json.loads(told.stdout)
    (finding,) = facts["findings"]
    assert (finding["kind"], finding["first_tick"], finding["last_tick"]) == ("frozen camera", 100, 245)
    assert finding["drop"] == "charles recordings drop bad bad-clean --span c/r1:100-245"
    assert charles("check", "good", "--json").exit_code == 0
