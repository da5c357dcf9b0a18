"""What to train on, how, and where to: decided, or refused in one line, before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charles.base.atomic_file import Unwritable
from charles.config import Config, ConfigError
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.writer import RecordingWriter
from charles.settings import load
from consumers.trainer.offline import plan
from consumers.trainer.offline.plan import TrainingPlan
from consumers.trainer.offline.training_identity import AnotherTraining
from tests.consumers.trainer.offline.made import config, driven, record, samples


def make(recording: Path, *, model: str | None = None, **wanted: Any) -> TrainingPlan:
    return plan.make(load(trainer={"offline": recording.parent / "offline", "model": model}), recording, **wanted)


@pytest.fixture
def both(tmp_path: Path) -> Path:
    record(tmp_path / "both", [*driven(3), *samples(3)], config())
    return tmp_path / "both"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    record(tmp_path / "raw", driven(3))
    return tmp_path / "raw"


def test_balanced_samples_come_before_what_they_were_balanced_from(both: Path, raw: Path) -> None:
    assert [make(both).source, make(both, source="raw").source, make(raw).source] == ["balanced", "raw", "raw"]
    with pytest.raises(RecordingError, match="has no records of balanced: it has frames, controls"):
        make(raw, source="balanced")


def test_where_there_is_nothing_to_train_on_it_says_what_there_is(tmp_path: Path) -> None:
    record(tmp_path / "half", [each for each in driven(3) if each[0].name == "frames"])
    with pytest.raises(RecordingError, match="neither balanced samples nor frames and controls: it has frames"):
        make(tmp_path / "half")


def test_the_recording_s_newest_configuration_holds_unless_another_one_is_named(both: Path, raw: Path) -> None:
    made = make(both)
    assert (made.settings.config, made.settings.epoch) == (config(), 3)
    assert made.of_config == "configuration 3 of the recording"
    defaults = make(raw)
    assert defaults.settings.config == Config.model_validate({"train": {"when_full": "wait"}})
    assert defaults.settings.epoch == -1
    file = both.parent / "config.json"
    file.write_text(config("balance.bins=5").model_dump_json())
    named = make(both, config=file, changes=["train.batch=4"])
    assert (named.settings.config, named.settings.epoch) == (config("balance.bins=5", "train.batch=4"), -1)
    assert named.of_config.endswith("config.json, with train.batch=4")


def test_a_recording_waits_while_buffers_are_full(both: Path) -> None:
    with pytest.raises(ConfigError, match="when_full"):
        make(both, changes=["train.when_full=replace"])


def test_one_that_is_not_complete_is_refused(tmp_path: Path) -> None:
    with RecordingWriter.create(tmp_path / "killed", "charles", {}):
        pass
    with pytest.raises(RecordingError, match="killed is not complete"):
        make(tmp_path / "killed")


def test_it_reads_once_or_as_often_as_the_batches_need(both: Path) -> None:
    wanted: list[dict[str, int]] = [{}, {"batches": 7}, {"passes": 3}, {"batches": 7, "passes": 3}]
    assert [make(both, **each).passes for each in wanted] == [1, None, 3, 3]


def test_its_folder_is_called_as_it_is_told_or_as_model_and_recording(both: Path) -> None:
    names = [make(both).folder.name, make(both, model="other").folder.name, make(both, name="mine").folder.name]
    assert names == ["pilot-both", "other-both", "mine"]


def test_only_the_very_same_training_goes_on_in_a_folder(both: Path, raw: Path) -> None:
    made = make(both)
    made.facts.claim(made.folder)
    make(both, batches=9).facts.claim(made.folder)
    for other, words in (
        (make(raw), "a different recording"),
        (make(both, source="raw"), r"different topics \(balanced, not raw\)"),
        (make(both, deterministic=True), "begun without --deterministic"),
        (make(both, changes=["train.batch=4"]), "train.batch was 8, now 4"),
        (make(both, model="other"), r"a different model \(pilot, not other\)"),
    ):
        with pytest.raises(
            AnotherTraining, match=f"pilot-both has a different training: .*{words}.*; choose another name with"
        ):
            other.facts.claim(made.folder)


def test_facts_that_are_none_are_not_gone_on_from(both: Path) -> None:
    made = make(both)
    made.folder.mkdir(parents=True)
    (made.folder / "training.json").write_text("{")
    with pytest.raises(AnotherTraining, match="cannot be read"):
        made.facts.claim(made.folder)


def test_a_folder_that_cannot_be_written_is_told(both: Path) -> None:
    made = make(both)
    made.folder.parent.write_text("a file")
    with pytest.raises(Unwritable, match="pilot-both"):
        made.facts.claim(made.folder)
