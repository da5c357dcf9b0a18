"""`charles plot`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from charles import topics
from charles.config import changed
from charles.control import config_topic
from charles.events import Control, Sample
from charles.kafka.publisher import Publisher
from charles.settings import Kafka
from tests.cli.commands import charles
from tests.plots.drives import balanced, drive


@pytest.fixture
def driven(kafka: Kafka) -> Kafka:
    """A pipeline that drove 1,000 ticks and balanced them in 5 bins."""
    epoch = config_topic.put(kafka, lambda config: changed(config, ["balance.bins=5"]))
    controls, told = drive(1000), Publisher(kafka, Control, Sample)
    for control in controls:
        told.send(topics.CONTROLS, control, control.collector)
    for sample in balanced(epoch.config, controls, epoch.number):
        told.send(topics.BALANCED, sample, sample.set_id)
    assert told.flush() == 0
    return kafka


def test_balance_is_drawn_and_told(driven: Kafka, tmp_path: Path) -> None:
    told = charles(driven, "plot", "balance", "--out", str(tmp_path / "new"))
    assert told.returncode == 0, told.stderr
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["balance.html", "balance.png"]
    assert "1,000 ticks of 1 collector," in told.stdout
    rows = {line.split()[0]: line for line in told.stdout.splitlines() if " flat " in line}
    assert set(rows) == {"acceleration_braking", "steering"}
    assert "1, flat" in rows["steering"]


def test_the_facts_are_printed_as_json(driven: Kafka, tmp_path: Path) -> None:
    facts = json.loads(charles(driven, "plot", "balance", "--out", str(tmp_path), "--json").stdout)
    assert facts["ticks"] == 1000
    assert facts["minutes"] == pytest.approx(1000 / 1800)
    assert [kind["own_sets"]["flat"] for kind in facts["sets"]] == [True, True]
    assert facts["samples"] == sum(5 * kind["sets"] for kind in facts["sets"])
    assert facts["files"] == [str(tmp_path / "balance.png"), str(tmp_path / "balance.html")]


def test_what_cannot_be_drawn_is_one_clear_line(kafka: Kafka, tmp_path: Path) -> None:
    told = charles(kafka, "plot", "balance", "--out", str(tmp_path))
    assert told.returncode == 1
    assert told.stderr.splitlines() == [f"{kafka.prefix}.controls is empty: start a collector with `charles collect`"]
    assert not list(tmp_path.iterdir())

    nowhere = kafka.model_copy(update={"prefix": f"{kafka.prefix}-nothing"})
    told = charles(nowhere, "plot", "balance", "--out", str(tmp_path))
    assert told.returncode == 1
    assert len(told.stderr.splitlines()) == 1
    assert f"there is no topic {nowhere.prefix}.config" in told.stderr

    told = charles(kafka, "plot", "balance", "--bins", "4")
    assert told.returncode == 2
    assert "must be odd" in told.stderr
