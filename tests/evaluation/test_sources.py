"""Where the weights to evaluate come from, with a real broker and without one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from charles.checkpoints.identity import WEIGHTS, ModelIdentity
from charles.checkpoints.publish import publish
from charles.checkpoints.publish import publisher as publisher_of
from charles.checkpoints.weights_file import save_weights
from charles.evaluation.sources import (
    UNTRAINED_FILE,
    WEIGHTS_FILE,
    NoWeights,
    from_file,
    newest_weights,
    untrained_weights,
)
from charles.kafka.transactions import join, transaction
from charles.settings import Kafka, Settings
from tests.ports import free_port


def test_the_topics_newest_weights_come_first_and_a_demos_files_serve_when_the_broker_is_gone(
    kafka: Kafka, tmp_path: Path
) -> None:
    settings = Settings(kafka=kafka)
    with pytest.raises(NoWeights, match=r"there are no weights of pilot .*--weights FILE"):
        newest_weights(settings, tmp_path)

    trainer = publisher_of(kafka, "pilot")
    join(trainer)
    for batch in (0, 100):
        with transaction(trainer):
            who = ModelIdentity("pilot", "pilot", "a" * 64, picture=(96, 84))
            publish(trainer, who, WEIGHTS, batch, {"x": np.full(3, batch, np.float32)})
    newest = newest_weights(settings, tmp_path)
    assert (newest.manifest.batch, newest.arrays["x"][0], newest.on_topic) == (100, 100, True)
    untrained = untrained_weights(settings, newest, tmp_path)
    assert untrained is not None
    assert untrained.manifest.batch == 0

    save_weights(tmp_path / WEIGHTS_FILE, newest.manifest, newest.arrays)
    save_weights(tmp_path / UNTRAINED_FILE, untrained.manifest, untrained.arrays)
    alone = Settings(kafka=Kafka(bootstrap_servers=f"127.0.0.1:{free_port()}"))
    left = newest_weights(alone, tmp_path)
    assert (left.manifest, left.on_topic) == (newest.manifest, False)
    before = untrained_weights(alone, left, tmp_path)
    assert before is not None
    assert before.manifest == untrained.manifest
    assert from_file(tmp_path / WEIGHTS_FILE).where == str(tmp_path / WEIGHTS_FILE)
