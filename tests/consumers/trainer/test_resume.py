"""Where a trainer begins: at the newest whole state of its own architecture and pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from charles import topics
from charles.checkpoints.identity import STATE, ModelIdentity
from charles.checkpoints.packing import Arrays
from charles.checkpoints.publish import publish as publish_checkpoint
from charles.checkpoints.publish import publisher as publisher_of
from charles.events import Checkpoint, Frame, now
from charles.kafka.publisher import Publisher
from charles.kafka.transactions import join, transaction
from charles.settings import Kafka, load
from consumers.trainer import main, resume
from consumers.trainer.buffers import BufferedSample, Buffers
from consumers.trainer.lineage import EARLIER, MOST_RUNS, Lineage
from consumers.trainer.resume import CannotResume
from consumers.trainer.trainer_state import pack, unpack
from tests.consumers.trainer.balanced import publish

OUTPUTS = ("acceleration_braking", "steering")


def held(offset: int, run: str = "run") -> BufferedSample:
    return BufferedSample(offset, "collector-1", run, offset, (), (0.0, 0.0, 0.0), (0.0, 0.0), OUTPUTS[offset % 2], 2)


def a_state() -> tuple[Arrays, Buffers, np.random.Generator]:
    buffers, rng = Buffers(OUTPUTS, 5, 0.5, 2), np.random.default_rng(3)
    for offset in range(13):
        buffers.add(held(offset))
    buffers.draw(2, rng)
    return pack({"kernel": np.ones((2, 3), np.float32)}, buffers, rng, 99), buffers, rng


@pytest.fixture
def trainer(kafka: Kafka) -> Publisher:
    publisher = publisher_of(kafka, "pilot")
    join(publisher)
    return publisher


def save(publisher: Publisher, batch: int, arrays: Arrays, architecture: str = "a") -> Checkpoint:
    with transaction(publisher):
        who = ModelIdentity("pilot", "pilot", architecture, picture=(96, 84))
        return publish_checkpoint(publisher, who, STATE, batch, arrays)


def test_a_state_says_everything_that_is_needed_to_go_on() -> None:
    arrays, buffers, rng = a_state()
    saved = unpack(arrays)
    assert np.array_equal(saved.model["kernel"], np.ones((2, 3)))
    assert (saved.position, saved.started, saved.counts) == (99, True, buffers.counts)
    for output, buffer in buffers.by_kind.items():
        offsets, remaining = saved.slots[output]
        assert offsets.tolist() == [sample.offset for sample in buffer]
        assert remaining.tolist() == [sample.remaining for sample in buffer]
    other = np.random.default_rng(0)
    other.bit_generator.state = saved.random
    assert other.random() == rng.random()


def test_a_state_that_is_none_is_damaged(kafka: Kafka, trainer: Publisher) -> None:
    arrays, *_ = a_state()
    whole = save(trainer, 100, arrays)
    save(trainer, 200, {"trainer.json": np.frombuffer(b'{"position": 3}', np.uint8)})
    found = resume.load(kafka, resume.states(kafka, "pilot"))
    assert found is not None
    assert found.manifest == whole
    assert not found.newest


def test_no_state_is_a_beginning_and_no_whole_one_an_error(kafka: Kafka, trainer: Publisher) -> None:
    assert resume.load(kafka, resume.states(kafka, "pilot")) is None
    save(trainer, 200, {"trainer.json": np.frombuffer(b"junk", np.uint8)})
    with pytest.raises(CannotResume, match="none of the 1 states"):
        resume.load(kafka, resume.states(kafka, "pilot"))


def test_a_model_that_was_trained_on_other_pictures_is_not_continued(
    kafka: Kafka, trainer: Publisher, tmp_path: Path
) -> None:
    save(trainer, 200, a_state()[0])
    frame = Frame("collector-1", "run", 0, now(), b"", 480, 270, 0, 0)
    publisher = Publisher(kafka, Frame)
    publisher.send(topics.FRAMES, frame, "collector-1")
    publisher.flush()
    with pytest.raises(CannotResume, match="pictures of 96x84, but they are 480x270 now"):
        main(load(kafka=kafka.model_dump(), trainer={"tensorboard": tmp_path}))


def test_the_size_of_the_pictures_is_that_of_the_newest_frame_or_of_the_first_sample(kafka: Kafka) -> None:
    assert resume.picture_size(kafka) is None
    publish(kafka, 0, 3)
    assert resume.picture_size(kafka) == (96, 84)


def test_what_a_model_was_trained_on_is_told_by_run_however_many_there_are() -> None:
    lineage = Lineage()
    for number in range(MOST_RUNS + 7):
        lineage.add([held(5, f"run-{number}"), held(9, f"run-{number}")], [held(9, f"run-{number}")])
    assert len(lineage.spans) == MOST_RUNS
    assert sum(span.samples for span in lineage.spans) == MOST_RUNS + 7
    (earlier,) = (span for span in lineage.spans if span.run == EARLIER)
    assert (earlier.first_tick, earlier.last_tick, earlier.samples) == (5, 9, 8)
    assert lineage.spans[-1].run == f"run-{MOST_RUNS + 6}" or lineage.spans[-2].run == f"run-{MOST_RUNS + 6}"
    assert Lineage(lineage.spans).spans == lineage.spans
