"""What was written before the code was reorganised is read as ever: topics, recordings, checkpoints, configurations.

How the data was made stands in README.md. What it holds was written down by the code that made it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charles import topics
from charles.avro import codec
from charles.balancing.run_state import to_join
from charles.base.shutdown import Stop
from charles.checkpoints import packing as artefacts
from charles.checkpoints import topic_readers
from charles.checkpoints.follower import ModelFollower
from charles.checkpoints.identity import STATE, WEIGHTS
from charles.checkpoints.weights_file import load_weights
from charles.config import changed, flat, from_json
from charles.control import config_topic as config_log
from charles.events import ConfigChange, Control, Frame, TrainingStep
from charles.kafka import topic_admin
from charles.kafka.dead_letters import DeadLetters
from charles.kafka.schemas import SchemaStore
from charles.labels.outputs import parse
from charles.ledger import tick_ledger as ledger
from charles.models import Predictor, TrainStep, architecture, build
from charles.recordings.format.reader import Recording
from charles.recordings.inspect import recorded_config as configs
from charles.recordings.inspect.recorded_schemas import RecordedSchemas
from charles.recordings.inspect.verify import verify
from charles.settings import Kafka, Replayer, Settings, load
from consumers.trainer import resume as resuming
from consumers.trainer.buffers import Buffers
from consumers.trainer.offline import plan, samples_of
from consumers.trainer.offline.train import train
from consumers.trainer.offline.unusable_records import UnusableRecords
from consumers.trainer.sample_intake import SampleShape
from consumers.trainer.topic_feed import TopicFeed
from consumers.trainer.trainer_state import unpack
from producers import replayer
from stream_jobs.balancer import state_topic as balancer_state
from tests.kafka_tools import events, read_all
from tests.wire.copying import copy
from tests.wire.plain import OF_TOPIC, digest, event_of, plain

HERE = Path(__file__).parent
EXPECTED: dict[str, Any] = json.loads((HERE / "expected.json").read_text())
EVENTS: dict[str, dict[str, Any]] = EXPECTED["events"]
DOCUMENT: dict[str, Any] = json.loads((HERE / "config.json").read_text())
RENAMED = {"train.keep_full": "train.min_fill", "train.uses_per_sample": "train.max_times_sampled"}
"""Fields of the configuration that got other names; documents keep the old ones for ever."""
COPIED = (topics.SCHEMAS, topics.CONFIG, topics.BALANCED, topics.BALANCER_STATE, topics.WEIGHTS, topics.MODELS)
REPLAYED = (topics.FRAMES, topics.CONTROLS, topics.TRAINING, topics.DRIVING)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A copy, for whoever reads an index may write it."""
    folder = tmp_path_factory.mktemp("old") / "recording"
    shutil.copytree(HERE / "recording", folder)
    return Recording.open(folder)


@pytest.fixture(scope="module")
def again(broker: str, recording: Recording) -> Kafka:
    """A cluster that holds what the old one held."""
    kafka = Kafka(bootstrap_servers=broker, prefix=f"t{uuid.uuid4().hex[:8]}")
    topic_admin.ensure(kafka)
    copy(recording, kafka, *COPIED)
    names = [topic.name for topic in REPLAYED]
    options: dict[str, Any] = {"prefix": kafka.prefix, "speed": "max", "timestamps": "now", "topics": names}
    outcome = replayer.main(Settings(kafka=kafka, replayer=Replayer(recording=recording.folder, **options)))
    assert outcome.complete
    assert outcome.records == {each: EXPECTED["topics"][each]["records"] for each in names}
    return kafka


def read(recording: Recording) -> dict[str, list[Any]]:
    """Every event of a recording, by the name of its kind."""
    schemas = RecordedSchemas(recording.manifest)
    found: dict[str, list[Any]] = defaultdict(list)
    for topic in recording.topics:
        for partition in recording.partitions(topic):
            for record in recording.read(topic, partition):
                if record.value is not None and topic != "schemas":
                    kind = event_of(topic, record.key)
                    found[kind.__name__].append(schemas.decode(kind, record.value))
    return found


def as_before(kind: str, found: list[Any]) -> None:
    """Fails where these are not the events of this kind that the old code wrote; fields may have been added."""
    told = EVENTS[kind]
    values = [plain(event, told["fields"]) for event in found]
    assert (len(values), values[0], values[-1]) == (told["count"], told["first"], told["last"])
    assert digest(values) == told["sha256"]


def test_every_event_of_every_topic_is_read_with_the_values_that_it_was_written_with(recording: Recording) -> None:
    found = read(recording)
    assert found.keys() == EVENTS.keys()
    for kind, of_kind in found.items():
        as_before(kind, of_kind)


def test_every_topic_of_the_table_is_recorded_and_its_records_are_those_that_were_there(recording: Recording) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for topic, _, record in recording.merged():
        counts[topic]["records"] += 1
        counts[topic]["tombstones"] += record.value is None
    assert {topic: dict(+count) for topic, count in counts.items()} == EXPECTED["topics"]
    assert set(EXPECTED["topics"]) == {*OF_TOPIC, "balancer-state", "schemas"}
    assert set(EXPECTED["topics"]) <= {topic.name for topic in topics.TOPICS}


def test_an_event_that_is_written_now_is_written_as_it_was(recording: Recording) -> None:
    """So that programs of before can read it: to the byte, as long as its schema is the same."""
    schemas, same = RecordedSchemas(recording.manifest), Counter[str]()
    for topic, _, record in recording.merged():
        if record.value is None or topic == "schemas":
            continue
        kind = event_of(topic, record.key)
        if record.value[2:10] == codec.own_fingerprint(kind):
            assert codec.encode(schemas.decode(kind, record.value)) == record.value
            same[kind.__name__] += 1
    assert same["Frame"] == EVENTS["Frame"]["count"]


def test_ticks_name_themselves_in_their_headers(recording: Recording) -> None:
    schemas = RecordedSchemas(recording.manifest)
    for topic, kind in (("frames", Frame), ("controls", Control)):
        for record in (each for partition in recording.partitions(topic) for each in recording.read(topic, partition)):
            event = schemas.decode(kind, record.value)
            told = event.collector, event.run, str(event.tick)
            assert tuple(str(value, "utf-8") for _, value in record.headers if value is not None) == told
            assert [name for name, _ in record.headers] == ["collector", "run", "tick"]
            assert record.key == event.collector.encode()


def test_schemas_were_told_by_their_fingerprints(recording: Recording) -> None:
    told = {(record.key or b"").decode(): json.loads(record.value or b"") for record in recording.read("schemas", 0)}
    assert told
    for key, schema in told.items():
        assert codec.crc64(schema).hex() == key
        assert recording.manifest.find_schema(bytes.fromhex(key)) is not None


def test_the_recording_is_whole(recording: Recording) -> None:
    report = verify(recording)
    assert (report.problems, report.unknown) == ([], {})
    assert report.records == sum(facts["records"] for facts in EXPECTED["topics"].values())
    assert report.values == sum(facts["count"] for facts in EVENTS.values())


def test_a_document_of_before_says_what_it_said(recording: Recording) -> None:
    epoch, newest = configs.newest(recording.manifest)
    assert epoch == 1
    assert newest == from_json((HERE / "config.json").read_text())
    says(DOCUMENT, flat(newest))
    shown = json.loads((HERE / "config-show.json").read_text())
    assert shown["epoch"] == epoch
    assert shown["fields"] == flattened(DOCUMENT)
    for each in recording.manifest.configs:
        says(each.document, flat(from_json(json.dumps(each.document))))


def test_a_document_of_before_can_be_changed(recording: Recording) -> None:
    old = from_json(json.dumps(DOCUMENT))
    assert flat(changed(old, ["train.batch=2"])) == flat(old) | {"train.batch": 2}


def says(document: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    """Fails where a field has another value than in an old document; fields may have got other names, or been added."""
    for field, value in flattened(document).items():
        assert fields[field if field in fields else RENAMED[field]] == value, field


def flattened(document: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, value in document.items():
        found |= flattened(value, f"{prefix}{field}.") if isinstance(value, Mapping) else {f"{prefix}{field}": value}
    return found


def test_charles_toml_of_before_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)
    settings = load()
    sections = tomllib.loads((HERE / "charles.toml").read_text())
    for section, fields in sections.items():
        there = getattr(settings, section).model_dump(mode="json")
        assert {field: there[field] for field in fields} == fields
    assert (settings.collected_game, settings.trained_model, settings.driven_model) == ("carracing", "night", "night")
    assert settings.recordings.folder == Path("disk/recordings")


def test_weights_in_a_file_drive(recording: Recording) -> None:
    manifest, arrays = load_weights(HERE / "offline" / "weights.safetensors")
    assert (manifest.model, manifest.kind, manifest.batch, manifest.epoch) == ("pilot", WEIGHTS, 6, 1)
    assert (manifest.picture_width, manifest.picture_height, manifest.frames) == (16, 8, 1)
    assert manifest.recording == recording.digest
    assert artefacts.digest(artefacts.pack(arrays)) == manifest.sha256
    model = build(manifest.line, (8, 16), manifest.frames, [parse(text) for text in manifest.outputs])
    assert architecture(model) == manifest.architecture
    predict = Predictor(model)
    predict.set_weights(arrays)
    said = predict(np.zeros((8, 16, 3), np.uint8), 8.0, 60.0, 0.1)
    assert said.keys() == {"acceleration_braking", "steering"}


def test_a_training_from_a_recording_goes_on(recording: Recording, tmp_path: Path) -> None:
    shutil.copytree(HERE / "offline", tmp_path / "goes-on")
    settings = load(trainer={"offline": tmp_path})
    refused = UnusableRecords()
    made = plan.make(settings, recording.folder, name="goes-on", batches=8)
    outcome = train(made, samples_of(made, refused), refused, Stop())
    assert (outcome.batch, outcome.whole) == (8, True)
    manifest, arrays = load_weights(tmp_path / "goes-on" / "state.safetensors")
    assert manifest.batch == 8
    assert manifest.parents == []
    assert unpack(arrays).counts.read >= 36
    steps = Recording.open(tmp_path / "goes-on" / "training")
    told = RecordedSchemas(steps.manifest)
    batches = [told.decode(TrainingStep, record.value).batch for record in steps.read("training", 0)]
    assert batches == list(range(1, 9))


def test_what_points_at_offsets_finds_what_it_points_at(again: Kafka, recording: Recording) -> None:
    """As far as the copy goes: whoever reads it adds schemas, and nothing else."""
    for topic in COPIED:
        there = {(each.partition() or 0, each.offset() or 0): each.value() for each in read_all(again, topic)}
        for partition in recording.partitions(topic.name):
            for record in recording.read(topic.name, partition):
                assert there.pop((partition, record.offset)) == record.value
        assert not there or topic == topics.SCHEMAS


def test_what_is_replayed_is_what_was_recorded(again: Kafka) -> None:
    for topic in REPLAYED:
        kind = OF_TOPIC[topic.name]
        as_before(kind.__name__, events(again, topic, kind))


def test_the_configuration_of_before_holds(again: Kafka) -> None:
    epochs = config_log.read(again)
    assert [epoch.number for epoch in epochs.held] == [-1, 0, 1]
    assert epochs.newest.author == EVENTS["ConfigChange"]["last"]["author"]
    says(DOCUMENT, flat(epochs.newest.config))
    (first, _second) = events(again, topics.CONFIG, ConfigChange)
    says(json.loads(first.document), flat(epochs.numbered(0).config))


def test_a_player_follows_the_weights_of_before(again: Kafka) -> None:
    living = topic_readers.living(again)
    assert [(each.kind, each.batch) for each in living][-2:] == [(WEIGHTS, 13), (STATE, 13)]
    assert plain(living[-1], EVENTS["Checkpoint"]["fields"]) == EVENTS["Checkpoint"]["last"]
    weights = topic_readers.newest(again, "pilot")
    assert weights is not None
    model = build(weights.line, (weights.picture_height, weights.picture_width), weights.frames)
    follower = ModelFollower(again, "pilot", architecture(model))
    try:
        found = follower.poll(5.0)
        assert follower.poll() is None
    finally:
        follower.close()
    assert found is not None
    manifest, arrays = found
    assert manifest == weights
    data = artefacts.pack(arrays)
    assert (len(data), hashlib.sha256(data).hexdigest()) == (weights.size, weights.sha256)
    predict = Predictor(model)
    predict.set_weights(arrays)


def test_a_trainer_goes_on_from_the_state_of_before(again: Kafka) -> None:
    settings = config_log.under(Settings(kafka=again), config_log.read(again).newest)
    manifests = resuming.states(again, "pilot")
    assert [manifest.batch for manifest in manifests] == [13, 0]
    assert manifests[0].chunks == 2
    found = resuming.load(again, manifests)
    assert found is not None
    assert found.newest
    model = build("pilot", (8, 16))
    TrainStep(model).load_state(found.saved.model)
    shape = SampleShape.of(settings, (16, 8))
    buffers = Buffers(shape.set_kinds, settings.config.train.buffer, 0.5, shape.uses)
    feed = TopicFeed(again, "pilot", shape, DeadLetters(again, "trainer"), found.saved.position)
    try:
        resuming.restore(found.saved, buffers, np.random.default_rng(0), feed, lambda _: True)
    finally:
        feed.close()
    held = {kind: [sample.offset for sample in buffer] for kind, buffer in buffers.by_kind.items()}
    assert held == {kind: offsets.tolist() for kind, (offsets, _) in found.saved.slots.items()}
    assert {kind: len(offsets) for kind, offsets in held.items()} == EVENTS["TrainingStep"]["last"]["buffers"]
    counts = buffers.counts
    assert counts.rejected == 1
    assert counts.expired == 0
    assert counts.read == counts.rejected + counts.expired + counts.surplus + counts.drawn + buffers.buffered


def test_a_balancer_goes_on_from_the_state_of_before(again: Kafka) -> None:
    (newest,) = (each for each in ledger.read(again) if each.collector == "collector-1")
    assert plain(newest, EVENTS["RunLedger"]["fields"]) == EVENTS["RunLedger"]["last"]
    assert newest.adds_up
    assert ledger.total(ledger.read(again)).adds_up
    restored = balancer_state.restore(again, SchemaStore(again), range(topics.BALANCER_STATE.partitions))
    ticks = {tick: waits for part in restored.values() for tick, waits in part.ticks.items()}
    assert len(ticks) == newest.in_bins
    join = to_join(newest, history=10, frames=1)
    assert join.seen == newest.seen
    assert join.history.last == newest.history_last
