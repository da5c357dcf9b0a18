"""`charles train --recording`, as far as it comes without training, and `charles plot loss`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from charles.cli import app
from charles.events import TrainingStep
from charles.settings import Kafka
from consumers.trainer.checkpoint_folder import StepsFile
from tests.cli.commands import charles
from tests.consumers.trainer.offline.made import BEGAN, driven, record


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


def step(batch: int, loss: float, model: str = "pilot") -> TrainingStep:
    losses = {"steering": loss, "acceleration_braking": 2 * loss}
    time = BEGAN + timedelta(seconds=batch)
    return TrainingStep(model, batch, time, 3 * loss, losses, losses, 1e-3, 0.1, {}, 10)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--recording", "nowhere"], "nowhere is not a recording: no such folder"),
        (["--recording", "raw", "--from", "balanced"], "has no records of balanced"),
        (["--recording", "raw", "--from", "somewhere"], "must be one of balanced, raw"),
        (["--recording", "raw", "--set", "train.batch=3"], "train.batch"),
        (["--recording", "raw", "--config", "no.json"], "no.json: No such file"),
        (["--deterministic"], "is only valid with --recording"),
        (["--batches", "3"], "is only valid with --recording"),
    ],
)
def test_what_cannot_be_trained_is_one_clear_line(
    options: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record(tmp_path / "raw", driven(2))
    told = ran("train", *options)
    assert told.exit_code
    assert words in " ".join(told.stderr.replace("│", " ").split())
    assert "Traceback" not in told.stderr


def test_the_loss_of_a_training_from_a_recording_is_drawn(tmp_path: Path) -> None:
    steps = StepsFile(tmp_path / "mine", "charles")
    for batch in range(1, 40):
        steps.tell(step(batch, 1 / batch))
    steps.close()
    told = ran("plot", "loss", str(tmp_path / "mine"), "--out", str(tmp_path))
    assert told.exit_code == 0, told.stderr
    assert told.stdout == f"Drawn: {tmp_path / 'loss.png'}, 39 batches\n"
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_where_there_is_no_loss_it_says_so(kafka: Kafka, tmp_path: Path) -> None:
    steps = StepsFile(tmp_path / "mine", "charles")
    steps.tell(step(1, 1.0))
    steps.close()
    for told in (
        charles(kafka, "plot", "loss", str(tmp_path / "mine"), "--out", str(tmp_path)),
        charles(kafka, "plot", "loss", "--out", str(tmp_path)),
    ):
        assert told.returncode == 1
        assert "fewer than two batches" in told.stderr
    assert not (tmp_path / "loss.png").exists()
