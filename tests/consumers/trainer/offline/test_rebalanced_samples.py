"""Balancing what was recorded: one recording makes one order of samples, whatever the clock on the wall says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from charles import topics
from charles.config import Config
from charles.events import Sample
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.reader import Recording
from charles.recordings.format.writer import RecordingWriter
from charles.settings import Settings, load
from consumers.trainer.offline.rebalanced_samples import RebalancedSamples
from tests.consumers.trainer.offline.made import Placed, config, driven, record

SHORT = ("balance.silence_seconds=5",)


def settings(of: Config, cache_mb: int = 256) -> Settings:
    return load(balancer={"frames_cache_mb": cache_mb}).model_copy(update={"config": of, "epoch": 3})


def balanced(
    recording: Recording, *, cache_mb: int = 256, first: int = 0, refused: list[str] | None = None
) -> list[Sample]:
    told = [] if refused is None else refused
    made = RebalancedSamples(
        recording, settings(config(*SHORT), cache_mb), lambda what, why: told.append(f"{what}: {why}")
    )
    numbered = list(made.read(first))
    assert [number for number, _ in numbered] == list(range(first, first + len(numbered)))
    assert made.share == 1.0
    samples = [sample for _, sample in numbered if isinstance(sample, Sample)]
    assert len(samples) == len(numbered)
    return samples


def moments(samples: Iterable[Sample]) -> list[tuple[str, str, int]]:
    return [sample.moment for sample in samples]


def test_the_same_recording_makes_the_same_samples_with_the_same_names(tmp_path: Path) -> None:
    recording = record(tmp_path / "one", driven(150))
    samples = balanced(recording)
    assert samples == balanced(recording)
    assert balanced(recording, first=40) == samples[40:]
    assert len(samples) > 200
    assert len(set(moments(samples))) == len(samples)
    assert {sample.epoch for sample in samples} == {3}


def test_it_is_no_matter_in_which_partitions_a_collector_s_records_lie(tmp_path: Path) -> None:
    one = record(tmp_path / "one", driven(120, collectors=3))
    other = record(tmp_path / "other", driven(120, collectors=3, partitions=1), partitions=1)
    assert balanced(one) == balanced(other)


def test_a_sample_has_the_picture_of_its_tick_also_where_it_is_read_again(tmp_path: Path) -> None:
    recording = record(tmp_path / "one", driven(150))
    samples = balanced(recording)
    assert balanced(recording, cache_mb=0) == samples
    for sample in samples[::20]:
        picture = cv2.imdecode(np.frombuffer(sample.frames[0], np.uint8), cv2.IMREAD_COLOR_RGB)
        assert (picture[60:].mean() - 110) / 90 == pytest.approx(sample.steering, abs=0.05)


def test_a_run_is_over_once_the_recording_says_that_it_was_silent_for_so_long(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its last frames never got their controls: they are unmatched once time has passed."""
    caplog.set_level("INFO")
    placed = [each for each in driven(60, collectors=1) if not (each[0] is topics.CONTROLS and each[-1].tick >= 50)]
    samples = balanced(record(tmp_path / "one", placed))
    assert max(tick for _, _, tick in moments(samples)) < 50
    (line,) = [each.getMessage() for each in caplog.records if each.getMessage().startswith("balanced:")]
    assert line.startswith("balanced: 60 ticks seen = 5 warm-up + ")
    assert "+ 10 unmatched + 0 dead-lettered + 0 missing" in line


def test_what_waits_for_longer_than_it_may_by_the_recording_s_time_is_in_no_set(tmp_path: Path) -> None:
    early, late = driven(60, collectors=1), [_later(each, hours=1) for each in driven(60, collectors=1, seed=2)]
    together = [*driven(60, collectors=1), *[_later(each, hours=0) for each in driven(60, collectors=1, seed=2)]]
    apart = balanced(record(tmp_path / "apart", [*early, *late]))
    assert len(apart) < len(balanced(record(tmp_path / "together", together)))


def test_records_that_cannot_be_read_are_told_and_the_others_are_balanced(tmp_path: Path) -> None:
    recording = record(tmp_path / "one", driven(60, collectors=1))
    whole = balanced(recording)
    broken = _with_broken_value(recording, tmp_path / "broken", topics.CONTROLS.name, 30)
    told: list[str] = []
    samples = balanced(broken, refused=told)
    assert [words.split(":")[0] for words in told] == ["controls 0@30"]
    assert 30 not in {tick for _, _, tick in moments(samples)}
    assert len(samples) < len(whole)


def test_topics_of_different_partitions_do_not_join(tmp_path: Path) -> None:
    recording = record(tmp_path / "one", driven(2))
    recording.manifest.topics["controls"].partitions = 3
    with pytest.raises(RecordingError, match="6 partitions of frames and 3 of controls"):
        balanced(recording)


def _later(placed: Placed, hours: float) -> Placed:
    topic, partition, time, key, event = placed
    moved = time + timedelta(hours=hours, minutes=1)
    return topic, partition, moved, key, replace(event, time=moved, run="run-2")


def _with_broken_value(recording: Recording, folder: Path, topic: str, offset: int) -> Recording:

    with RecordingWriter.create(folder, "charles", recording.manifest.topics) as writer:
        for name, partition, each in recording.merged():
            value = b"\xc3\x01junk" if (name, each.offset) == (topic, offset) else each.value
            writer.append(name, partition, replace(each, value=value))
        writer.finish()
    return Recording.open(folder)
