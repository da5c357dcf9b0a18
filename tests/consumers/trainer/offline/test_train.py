"""Training from recordings, as processes of their own: the same weights each time, killed or not, and the very samples
that a live trainer learns from."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from charles import topics
from charles.checkpoints import topic_readers
from charles.checkpoints.identity import STATE
from charles.checkpoints.packing import Arrays
from charles.checkpoints.weights_file import WeightsFileError, load_weights
from charles.events import Checkpoint, Sample, TrainingStep
from charles.kafka.clients import name, producer
from charles.labels.outputs import OUTPUTS
from charles.recordings.format.reader import Recording
from charles.recordings.inspect.recorded_schemas import RecordedSchemas
from charles.settings import Kafka
from consumers.trainer.trainer_state import TrainerState, unpack
from tests.consumers.trainer.offline.made import Placed, config, driven, record, samples
from tests.kafka_tools import events
from tests.logged import until
from tests.patience import PATIENCE_S
from tests.programs import running

SOURCES = ("raw", "balanced")


class Offline:
    """Trainings from the recordings of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, recording: str, *options: str, training: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "charles", "train", "--recording", recording, "--name", training]
        command += ["--deterministic", *options]
        environment = os.environ | {"CHARLES_RECORDINGS__FOLDER": str(self.folder)}
        return subprocess.Popen(command, cwd=self.folder, env=environment, stderr=subprocess.PIPE, text=True)

    def run(self, *begun: subprocess.Popen[str]) -> list[str]:
        """What they wrote, once they have ended well."""
        told = [process.communicate(timeout=PATIENCE_S)[1] for process in begun]
        assert [process.returncode for process in begun] == [0] * len(begun), told
        return told

    def file(self, training: str, which: str) -> tuple[Checkpoint, Arrays]:
        return load_weights(self.folder / "data/offline" / training / f"{which}.safetensors")

    def batch(self, training: str) -> int:
        """Of the newest state; -1: there is none yet."""
        with suppress(WeightsFileError):
            return self.file(training, "state")[0].batch
        return -1

    def saved(self, training: str) -> TrainerState:
        return unpack(self.file(training, "state")[1])

    def digest(self, training: str) -> str:
        """Of all weights, those that are trained and those to drive with."""
        whole = hashlib.sha256()
        for which in ("state", "weights"):
            for path, array in sorted(self.file(training, which)[1].items()):
                if which == "weights" or path.startswith("model/"):
                    whole.update(path.encode() + array.tobytes())
        return whole.hexdigest()


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Offline:
    folder = tmp_path_factory.mktemp("recordings")
    record(folder / "raw", driven(200), config())
    record(folder / "balanced", samples(210), config())
    record(folder / "other", driven(200, seed=2), config())
    return Offline(folder)


@pytest.fixture(scope="module")
def trained(offline: Offline) -> Offline:
    """Each source was trained on once: raw-1 and balanced-1."""
    offline.run(*(offline.begin(source, "--passes", "2", training=f"{source}-1") for source in SOURCES))
    return offline


@pytest.mark.slow
def test_the_same_recording_gives_the_same_weights_to_the_last_bit(trained: Offline) -> None:
    trained.run(*(trained.begin(source, "--passes", "2", training=f"{source}-2") for source in SOURCES))
    digests = {source: trained.digest(f"{source}-1") for source in SOURCES}
    assert digests == {source: trained.digest(f"{source}-2") for source in SOURCES}
    trained.run(
        trained.begin("raw", "--passes", "2", "--set", "train.seed=2", training="other seed"),
        trained.begin("other", "--passes", "2", training="other recording"),
    )
    others = [trained.digest("other seed"), trained.digest("other recording")]
    assert len({*digests.values(), *others}) == 4


@pytest.mark.slow
def test_weights_say_which_recording_made_them_and_what_every_batch_said_is_there(trained: Offline) -> None:
    for source in SOURCES:
        manifest, _ = trained.file(f"{source}-1", "weights")
        assert manifest.recording == Recording.open(trained.folder / source).digest
        assert (manifest.epoch, manifest.batch) == (3, trained.batch(f"{source}-1"))
        assert trained.file(f"{source}-1", "untrained")[0].batch == 0
        log = Recording.open(trained.folder / "data/offline" / f"{source}-1" / "training")
        schemas = RecordedSchemas(log.manifest)
        steps = [schemas.decode(TrainingStep, each.value) for each in log.read("training", 0)]
        assert [step.batch for step in steps] == list(range(1, manifest.batch + 1))
        saved = trained.saved(f"{source}-1")
        counts = saved.counts
        assert counts.read == counts.rejected + counts.surplus + counts.drawn + len(saved.offsets)
        assert sum(span.samples for span in manifest.spans) == counts.drawn == 8 * manifest.batch


@pytest.mark.slow
def test_killed_and_stopped_it_ends_with_the_weights_of_one_that_was_not(trained: Offline) -> None:
    for number, at_least in ((signal.SIGKILL, 10), (signal.SIGINT, 20)):
        process = trained.begin("raw", "--passes", "2", training="killed")
        while trained.batch("killed") < at_least:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(number)
        process.communicate(timeout=PATIENCE_S)
    went_on = trained.batch("killed")
    (told,) = trained.run(trained.begin("raw", "--passes", "2", training="killed"))
    assert "ended after" in told
    assert trained.batch("killed") >= went_on
    assert trained.digest("killed") == trained.digest("raw-1")


@pytest.mark.slow
def test_so_many_batches_are_what_is_asked_for_and_more_go_on_from_there(offline: Offline) -> None:
    for batches in (5, 30):
        offline.run(offline.begin("balanced", "--batches", str(batches), training="counted"))
        assert offline.batch("counted") == batches
    offline.run(offline.begin("balanced", "--batches", "30", training="at once"))
    assert offline.digest("counted") == offline.digest("at once")


@pytest.mark.slow
def test_a_live_trainer_learns_from_the_very_same_samples(kafka: Kafka, offline: Offline) -> None:
    of = config("train.buffer=40", "train.min_fill=0.1")
    recording = record(offline.folder / "all", _by_turns(168), of)
    process = offline.begin("all", training="all")
    _publish(kafka, recording)
    with running("train", kafka, of.model_dump(mode="json"), trainer={"tensorboard": offline.folder / "tensorboard"}):
        until(lambda: len(events(kafka, topics.TRAINING, TrainingStep)) >= 21)
    offline.run(process)

    live = topic_readers.newest(kafka, "pilot", STATE)
    assert live is not None
    manifest, _ = offline.file("all", "state")
    assert (live.recording, manifest.recording) == ("", recording.digest)
    assert (live.batch, manifest.batch) == (21, 21)
    assert sorted(map(repr, live.spans)) == sorted(map(repr, manifest.spans))
    everything = {(each.collector, each.run, each.tick, each.set_output) for *_, each in _by_turns(168)}
    for saved in (unpack(topic_readers.fetch(kafka, live)), offline.saved("all")):
        assert _drawn(recording, saved) == everything


def _by_turns(count: int) -> Iterator[Placed]:
    """Samples of the kinds of sets by turns, as many of each."""
    for number, (*place, sample) in enumerate(samples(count)):
        yield (*place, replace(sample, set_output=OUTPUTS[number % 2]))  # type: ignore[misc]


def _publish(kafka: Kafka, recording: Recording) -> None:
    to = producer(kafka)
    for each in recording.read(topics.BALANCED.name, 0):
        to.produce(
            name(kafka, topics.BALANCED),
            each.value,
            each.key,
            timestamp=each.timestamp,
            headers=list(each.headers),
        )
    assert to.flush(30) == 0


def _drawn(recording: Recording, saved: TrainerState) -> set[tuple[str, str, int, str]]:
    """What was used up of everything that was read."""
    assert (saved.counts.rejected, saved.counts.surplus, saved.counts.expired) == (0, 0, 0)
    schemas = RecordedSchemas(recording.manifest)
    read = [each for each in recording.read(topics.BALANCED.name, 0) if each.offset < saved.position]
    decoded = [schemas.decode(Sample, each.value) for each in read if each.offset not in saved.offsets]
    assert len(decoded) == saved.counts.drawn
    return {(each.collector, each.run, each.tick, each.set_output) for each in decoded}


@pytest.mark.slow
def test_what_was_learned_until_a_recording_is_damaged_is_kept(offline: Offline) -> None:
    recording = record(offline.folder / "damaged", samples(210), config(), segment_bytes=100_000)
    last = recording.segments("balanced", 0)[-1]
    (offline.folder / "damaged" / last.file).unlink()
    process = offline.begin("damaged", training="damaged")
    told = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 1
    assert f"{Path(last.file).name} is damaged at byte 0: the file is missing" in told.splitlines()[-1]
    assert offline.batch("damaged") > 5


@pytest.mark.slow
def test_too_few_samples_for_a_batch_are_told(offline: Offline) -> None:
    record(offline.folder / "few", samples(20), config())
    process = offline.begin("few", training="few")
    told = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 1
    assert (
        "few gives 20 usable samples, too few for one batch of 8, which needs the same number from each kind"
        in told.splitlines()[-1]
    )
