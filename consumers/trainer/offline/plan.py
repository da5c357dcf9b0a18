"""What to train on, how, and where to put it: decided before anything is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from charles import topics
from charles.config import Config, changed, from_json
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.inspect import locate, recorded_config
from charles.settings import ConfigError, Settings
from consumers.trainer.offline.training_identity import Source, TrainingIdentity

_RAW_TOPICS = (topics.FRAMES.name, topics.CONTROLS.name)


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """settings: with the configuration to train under; of_config: where that comes from, in words; batches: after which
    it ends, None: when nothing is left; passes: how often the recording is read, None: for ever."""

    recording: Recording
    settings: Settings
    of_config: str
    facts: TrainingIdentity
    folder: Path
    batches: int | None
    passes: int | None

    @property
    def deterministic(self) -> bool:
        return self.facts.deterministic

    @property
    def source(self) -> Source:
        return self.facts.source


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """batch: of the newest weights; read: samples that came; buffered: those that were not used up; whole: it was not
    stopped."""

    batch: int
    read: int
    buffered: int
    whole: bool


def make(
    settings: Settings,
    recording: Path,
    *,
    source: Source | None = None,
    name: str | None = None,
    config: Path | None = None,
    changes: Sequence[str] = (),
    deterministic: bool = False,
    batches: int | None = None,
    passes: int | None = None,
) -> TrainingPlan:
    """recording: its path, or its name in the settings' folder of them; source: None: balanced samples where there are
    any; name: of the training, None: the model's and the recording's; config: a JSON document in the place of the
    recording's newest one; changes: such as train.batch=16, on top of it; passes: None: one, or as many as the batches
    need.

    Raises RecordingError for one that cannot be trained from, ConfigError.
    """
    opened = Recording.open(locate.located(recording, settings.recordings.folder))
    if opened.manifest.state != "complete":
        raise RecordingError(
            f"{opened.folder} is not complete: the recorder is still running or was killed; complete the recording "
            f"first"
        )
    taken = _source(opened, source)
    found, epoch, words = _config(opened, config)
    wanted = changed(found, ["train.when_full=wait", *changes])
    if wanted.train.when_full != "wait":
        raise ConfigError("train.when_full: must be wait for a recording, so that every sample is used")
    if changes:
        epoch, words = -1, f"{words}, with {' '.join(changes)}"
    under = settings.model_copy(update={"config": wanted, "epoch": epoch})
    facts = TrainingIdentity(
        recording=opened.digest,
        source=taken,
        model=under.trained_model,
        deterministic=deterministic,
        epoch=epoch,
        config=wanted.model_dump(mode="json"),
    )
    folder = settings.trainer.offline / (name or f"{under.trained_model}-{opened.folder.resolve().name}")
    return TrainingPlan(opened, under, words, facts, folder, batches, passes or (None if batches else 1))


def _source(recording: Recording, wanted: Source | None) -> Source:
    there: dict[Source, bool] = {
        "balanced": _has(recording, topics.BALANCED.name),
        "raw": all(_has(recording, topic) for topic in _RAW_TOPICS),
    }
    if wanted is not None and not there[wanted]:
        lacking = topics.BALANCED.name if wanted == "balanced" else " and ".join(_RAW_TOPICS)
        raise RecordingError(f"{recording.folder} has no records of {lacking}: {_holds(recording)}")
    for source, has in there.items():
        if has and wanted in (None, source):
            return source
    raise RecordingError(
        f"{recording.folder} has nothing to train on, neither balanced samples nor frames and controls: "
        f"{_holds(recording)}"
    )


def _has(recording: Recording, topic: str) -> bool:
    return topic in recording.topics and recording.lengths[topic].records > 0


def _holds(recording: Recording) -> str:
    return f"it has {', '.join(topic for topic in recording.topics if _has(recording, topic)) or 'no records'}"


def _config(recording: Recording, file: Path | None) -> tuple[Config, int, str]:
    """A configuration, its epoch, and where it comes from."""
    if file is not None:
        return from_json(file.read_text(encoding="utf-8")), -1, f"the configuration in {file}"
    if not recording.manifest.configs:
        return Config(), -1, "the default configuration (the recording has none)"
    epoch, newest = recorded_config.newest(recording.manifest)
    return newest, epoch, f"configuration {epoch} of the recording"
