"""Schemas of a real schema registry come into the recording, which needs none any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.drive import control
from charles import topics
from charles.events import Control
from charles.kafka.publisher import Publisher
from charles.recordings.format.manifest import Manifest
from charles.recordings.format.reader import Recording
from charles.recordings.inspect.verify import verify
from charles.settings import Kafka
from tests import schema_registry
from tests.consumers.recorder.told import recorded
from tests.logged import until
from tests.programs import running


@pytest.mark.slow
def test_a_registry_s_schemas_are_recorded(kafka: Kafka, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with schema_registry.running() as url:
        told = kafka.model_copy(update={"schema_registry_url": url})
        publisher = Publisher(told, Control)
        for tick in range(5):
            publisher.send(topics.CONTROLS, control("collector-1", tick), "collector-1")
        assert publisher.flush() == 0
        with running("record", told, recorder={"recording": str(folder), "begin": "beginning"}):
            until(lambda: recorded(folder) == 5)
    ((number, schema),) = Manifest.load(folder).schemas.items()
    assert number.isdecimal()
    assert schema["name"].endswith("Control")
    report = verify(Recording.open(folder))
    assert (report.ok, report.values, dict(report.unknown)) == (True, 5, {})
