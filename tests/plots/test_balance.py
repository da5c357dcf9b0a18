"""What both topics hold is counted once, through a real broker, under the balancing that is asked for."""

from __future__ import annotations

import pytest

from charles import topics
from charles.balancing.evenness import rows
from charles.balancing.label_counts import LabelCounts
from charles.base import progress
from charles.base.typed_sections import ConfigError
from charles.config import changed
from charles.control import config_topic
from charles.control.config_topic import Epoch
from charles.events import Control, Sample
from charles.kafka.clients import name
from charles.kafka.publisher import Publisher
from charles.plots.balance import NothingToDraw, read_counts
from charles.settings import Kafka
from tests.plots.drives import balanced, config, control, drive


def tell(kafka: Kafka, controls: list[Control], samples: list[Sample]) -> None:
    told = Publisher(kafka, Control, Sample)
    told.send_bytes(topics.CONTROLS, "junk", b"\x00junk")
    for one in controls:
        told.send(topics.CONTROLS, one, one.collector)
    for each in samples:
        told.send(topics.BALANCED, each, each.set_id)
    assert told.flush() == 0


def put(kafka: Kafka, *changes: str) -> Epoch:
    return config_topic.put(kafka, lambda config: changed(config, changes))


def counted(kafka: Kafka, epoch: int | None = None) -> LabelCounts:
    return read_counts(kafka, config_topic.read(kafka), epoch)


def test_a_handful_of_events_is_counted_where_it_lies(kafka: Kafka) -> None:
    settings = config("balance.bins=3")
    controls = [control(tick, pedals, steering) for tick, (pedals, steering) in enumerate(
        [(0.0, 0.0), (0.5, 0.0), (-0.5, -0.5), (0.0, 0.5), (0.5, 0.5), (0.5, 0.0)]
    )]  # fmt: skip
    epoch = put(kafka, "balance.bins=3")
    tell(kafka, controls, list(balanced(settings, controls, epoch.number)))

    counts = counted(kafka)
    # Rows: steering, left to right; columns: pedals, brake to throttle.
    assert counts.drive.seen.joint.tolist() == [[1, 0, 0], [0, 1, 2], [0, 1, 1]]
    assert {kind: sets.cells.tolist() for kind, sets in counts.sets.items()} == {
        "acceleration_braking": [1, 1, 1],
        "steering": [0, 0, 0],
    }
    assert counts.samples == counts.sets["acceleration_braking"].seen.joint.sum() == 3


def test_what_a_drive_was_balanced_to_is_exactly_flat(kafka: Kafka) -> None:
    controls = drive(2000)
    epoch = put(kafka, "balance.bins=5")
    tell(kafka, controls, list(balanced(config("balance.bins=5"), controls, epoch.number)))
    for row in rows(counted(kafka)):
        assert row.own.flat
        assert row.sets > 5
        assert not row.driven.flat


def test_only_what_was_balanced_alike_is_counted_together(kafka: Kafka) -> None:
    controls = drive(1000)
    v3 = put(kafka, "balance.bins=5")
    alike = put(kafka, "train.buffer=2000")
    v4 = put(kafka, "balance.version=v4")
    under_v3, under_v4 = (list(balanced(one.config, controls, one.number)) for one in (v3, v4))
    again = list(balanced(v3.config, controls, alike.number))
    tell(kafka, controls, [*under_v3, *again, *under_v4])

    assert counted(kafka).version == "v4"
    assert counted(kafka).samples == len(under_v4)
    assert counted(kafka, v3.number).samples == counted(kafka, alike.number).samples == 2 * len(under_v3)
    with pytest.raises(ConfigError, match="there is no epoch 77"):
        counted(kafka, 77)


def test_somebody_can_watch_each_topic_being_read_once(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_ITEMS_A_CALL", 1)
    controls = drive(100)
    epoch = put(kafka, "balance.bins=5")
    tell(kafka, controls, list(balanced(epoch.config, controls, epoch.number)))
    seen: dict[str, list[tuple[int, int]]] = {}
    read_counts(
        kafka,
        config_topic.read(kafka),
        progress=lambda step, done, total: seen.setdefault(step, []).append((done, total)),
    )
    own, made = (f"reading {name(kafka, topic)}" for topic in (topics.CONTROLS, topics.BALANCED))
    assert seen[own] == [(done, 101) for done in range(1, 101)]  # one record is junk
    assert set(seen) == {own, made}


def test_topics_that_hold_nothing_to_draw_are_said_to(kafka: Kafka) -> None:
    with pytest.raises(NothingToDraw, match=r"controls is empty: start a collector with `charles collect`"):
        counted(kafka)
    tell(kafka, drive(10), [])
    with pytest.raises(NothingToDraw, match=r"balanced is empty: no set is complete yet"):
        counted(kafka)
    tell(kafka, [], list(balanced(config("balance.bins=3"), drive(100), epoch=5)))
    with pytest.raises(NothingToDraw, match=r"as in epoch -1: choose another --epoch: 5 \(\d+ samples\)"):
        counted(kafka)
