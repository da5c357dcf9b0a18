"""Every reader of what comes from outside: what it reads when all is well, and how it refuses.

A reader answers with success, or with one of its own errors: those are what becomes a dead letter, a count or a line.
"""

from __future__ import annotations

import dataclasses
import io
import json
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import cv2
import fastavro
import numpy as np

from charles import config, events
from charles.avro import codec, foreign_schema
from charles.avro.codec import Unreadable
from charles.avro.foreign_schema import NoSchema
from charles.balancing.frame_store import FrameStore
from charles.balancing.run_state import to_join
from charles.balancing.waiting_pool import WaitingPool
from charles.base import names, properties_file
from charles.base.atomic_file import Unwritable
from charles.base.headers import moment_of
from charles.base.pictures import BadPicture, decoded
from charles.base.terminal import TextConsole
from charles.checkpoints import integrity, packing
from charles.checkpoints.integrity import Assembly, DamagedArtefact, MissingChunks
from charles.checkpoints.weights_file import WeightsFileError, load_weights, save_weights
from charles.config import Config, ConfigError
from charles.control.config_topic import Epochs
from charles.control.members import Member, Members
from charles.events import Checkpoint, Command, ConfigChange, Control, DeadLetter, Event, Frame, Sample, Status
from charles.kafka.dead_letters import dead_letter
from charles.ledger.tick_ledger import oddities
from charles.recordings.exchange.import_pictures import ImportOptions, import_folder
from charles.recordings.exchange.label_table import opened
from charles.recordings.format import segment_index
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.layout import MANIFEST
from charles.recordings.format.manifest import Manifest
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import Record
from charles.recordings.format.segment_reader import tallied
from charles.recordings.inspect.info import info
from charles.recordings.inspect.recorded_schemas import RecordedMessage, RecordedSchemas
from charles.recordings.inspect.verify import verify
from charles.settings import load
from charles.top.pipeline_view import PipelineSight
from charles.top.status_table import status_table
from charles.top.view import screen, sentence
from consumers.annotator.story import Story
from consumers.trainer import jpeg, trainer_state
from consumers.trainer.buffers import Buffers
from producers.collector.wanted_ranges import wanted
from stream_jobs.balancer import state_topic
from tests.recordings import driving
from tests.recordings.made import recorded
from tests.top.pipeline import sight
from tests.top.pipeline import status as tests_status

THEN = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
NOBODY = RecordedSchemas(Manifest(prefix="charles"))
"""Knows our own schemas, and asks no broker for others."""
ARRAYS: dict[str, Any] = {
    "a/kernel": np.ones((4, 5), np.float32),
    "b": np.arange(7, dtype=np.int64),
    "empty": np.ones(0, np.float32),
}
Read = Callable[[bytes, Path], object]


@dataclass(frozen=True)
class Reader:
    """valid: inputs that are read; read: given one, and an empty folder for what it needs; errors: how it refuses."""

    valid: Sequence[bytes]
    read: Read
    errors: tuple[type[Exception], ...]


def _event(kind: type) -> Any:
    """An event with something in every field."""
    of_type: dict[str, Any] = {"str": "name", "int": 3, "float": 0.5, "bytes": b"bytes", "datetime": THEN}
    of_type |= {"list[str]": ["one"], "list[int]": [1, 2], "list[bytes]": [driving.picture()]}
    of_type |= {"Sequence[float]": [0.5, -0.5], "dict[str, int]": {"a": 1}, "dict[str, float]": {"a": 0.5}}
    of_type |= {"dict[str, bytes]": {"tick": b"5"}, "bytes | None": b"key", "datetime | None": THEN}
    of_type |= {"list[Span]": [events.Span("c", "r", 0, 5, 3)]}
    return kind(**{field.name: of_type[str(field.type)] for field in dataclasses.fields(kind)})


def _decoding(kind: type) -> Read:
    return lambda data, _folder: codec.decode(kind, data, NOBODY.find)


def _events() -> dict[str, Reader]:
    return {
        f"event {kind.__name__}": Reader([codec.encode(_event(kind))], _decoding(kind), (Unreadable,))
        for kind in get_args(Event)
    }


def _read_foreign(data: bytes, _folder: Path) -> None:
    """A schema up to the first line feed, and a record of it."""
    text, _, body = data.partition(b"\n")
    schema = foreign_schema.parse(text)
    codec.crc64(schema)
    codec.decode(Frame, codec.SINGLE_OBJECT + b"12345678" + body, lambda _name: schema)


def _foreign() -> list[bytes]:
    frame = {key: value for key, value in codec.schema(Frame).items() if not key.startswith("__")}
    more = frame | {
        "fields": [*frame["fields"], {"name": "more", "type": ["null", {"type": "array", "items": "long"}]}]
    }
    body = codec.encode(_event(Frame))[10:]
    return [json.dumps(frame).encode() + b"\n" + body, json.dumps(more).encode() + b"\n" + body + b"\x02\x04\x02\x02\0"]


def _read_message(data: bytes, _folder: Path) -> None:
    """A record whose value, key and headers are all of these bytes."""
    parts = data.split(b"|")
    headers = tuple((names.label(part.decode(errors="replace")), part) for part in parts)
    told = tuple(zip(("collector", "run", "tick"), parts, strict=False))
    message = RecordedMessage("frames", 0, Record(3, -1, 0, data, data, told + headers))
    moment_of(message)
    codec.encode(dead_letter(message, data.decode(errors="replace"), "balancer"))


def _read_state(data: bytes, _folder: Path) -> None:
    key, _, value = data.partition(b"\n")
    restored = state_topic.decoded(NOBODY, 0, {key.decode(errors="replace"): value})
    for ledger in restored.ledgers.values():
        to_join(ledger, 60, 1)
    configured = config.changed(Config(), ["outputs=steering:delta", "balance.history=3"])
    WaitingPool(configured, 0, FrameStore(_NoFrames(), 1000)).restore(restored.ticks)


class _NoFrames:
    """A log that has none any more."""

    def read(self, _places: object) -> dict[Any, bytes]:
        return {}

    def close(self) -> None: ...


def _states() -> list[bytes]:
    ledger = dataclasses.replace(_event(events.RunLedger), collector="c", run="r")
    sample = codec.encode(driving.sample_of(driving.control(3)))
    waiting = codec.encode(events.Waiting(sample, [1, 2], THEN))
    return [b"ledger/c/r\n" + codec.encode(ledger), b"waiting/c/r/3\n" + waiting]


def _read_status(data: bytes, _folder: Path) -> None:
    status = codec.decode(Status, data, NOBODY.find)
    members = Members()
    members.take(status, THEN)
    wanted(status.starving)
    status_table([*members.members.values()], THEN, 100, 5.0)
    _look_at(sight(*members.members.values()))
    Story().take(0, status)


def _look_at(seen: PipelineSight) -> None:
    TextConsole(file=io.StringIO(), width=100, height=40).print(screen(seen))
    sentence(seen)


def _read_ledger(data: bytes, _folder: Path) -> None:
    ledger = codec.decode(events.RunLedger, data, NOBODY.find)
    _look_at(sight(ledgers=[ledger, ledger]))
    oddities([ledger, ledger], [])
    to_join(ledger, 60, 1)


def _read_step(data: bytes, _folder: Path) -> None:
    step = codec.decode(events.TrainingStep, data, NOBODY.find)
    trains = tests_status("trainer", model=step.model, figures={"loss": step.loss, "buffer_capacity": 9.0})
    _look_at(sight(Member(trains, THEN), losses={step.model: [step.loss] * 3}))


def _statuses() -> list[bytes]:
    beat = dataclasses.replace(_event(Status), program="balancer", starving=["steering [-1, -0.9)", "acceleration 0"])
    figures = {"buffer_steering": 3.0, "buffer_capacity": 9.0, "loss": 0.5, "age_s": 3.0, "read": 5.0}
    return [codec.encode(beat), codec.encode(dataclasses.replace(beat, program="trainer", figures=figures))]


def _read_change(data: bytes, _folder: Path) -> None:
    change = ConfigChange("pipeline", THEN, "author", -1, data.decode(errors="surrogateescape"))
    Epochs().take(0, change)


def _documents() -> list[bytes]:
    changed = config.changed(Config(), ["outputs=steering,braking", "balance.bins=11", "train.model=mine"])
    return [Config().model_dump_json().encode(), changed.model_dump_json().encode()]


def _read_assignment(data: bytes, _folder: Path) -> None:
    config.changed(Config(), data.decode(errors="surrogateescape").split("\n"))


def _read_toml(data: bytes, folder: Path) -> None:
    from contextlib import chdir

    (folder / "charles.toml").write_bytes(data)
    with chdir(folder):
        load()


def _read_properties(data: bytes, folder: Path) -> None:
    (folder / "kafka.properties").write_bytes(data)
    properties_file.read(folder / "kafka.properties")


def _read_chunks(data: bytes, _folder: Path) -> None:
    """A manifest, and what follows it as its chunks."""
    manifest_bytes, _, rest = data.partition(b"\n\n")
    manifest = codec.decode(Checkpoint, manifest_bytes, NOBODY.find)
    assembly = Assembly(manifest)
    for chunk in rest.split(b"\n\n"):
        assembly.add(codec.decode(events.WeightChunk, chunk, NOBODY.find))
    assembly.arrays()


def _checkpoint(data: bytes) -> Checkpoint:
    facts = {"kind": "weights", "chunks": 1, "size": len(data), "sha256": packing.digest(data), "first_offset": 0}
    return dataclasses.replace(_event(Checkpoint), **facts)


def _checkpoints() -> list[bytes]:
    data = packing.pack(ARRAYS)
    chunks = [codec.encode(chunk) for chunk in packing.chunks("m", "a", data)]
    return [b"\n\n".join((codec.encode(_checkpoint(data)), *chunks))]


def _trainer_states() -> list[bytes]:
    buffers = Buffers(("steering",), 4, 0.5, 1)
    return [packing.pack(trainer_state.pack({"w": np.ones(3, np.float32)}, buffers, np.random.default_rng(1), 7))]


def _read_weights_file(data: bytes, folder: Path) -> None:
    (folder / "weights.safetensors").write_bytes(data)
    load_weights(folder / "weights.safetensors")


def _weights_files(folder: Path) -> list[bytes]:
    save_weights(folder / "w.safetensors", _checkpoint(packing.pack(ARRAYS)), ARRAYS)
    return [(folder / "w.safetensors").read_bytes()]


def _reading(file: Path, like: Path) -> Read:
    """Read a whole recording in every way, in which this file is another one."""
    placed = {path.relative_to(like): path.read_bytes() for path in like.rglob("*") if path.is_file()}

    def read(data: bytes, folder: Path) -> None:
        for path, content in placed.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data if path == file.relative_to(like) else content)
        recording = Recording.open(folder)
        verify(recording)
        with suppress(RecordingError):
            info(recording, with_samples=True)
        for topic in recording.topics:
            for partition in recording.partitions(topic)[:2]:
                any(recording.read(topic, partition, 15))
                any(recording.read_since(topic, partition, driving.BEGAN_MS + 500))

    return read


def _recordings(folder: Path) -> dict[str, Reader]:
    """Each kind of file of a recording that is complete, of one that is not, and of packed ones."""
    found: dict[str, Reader] = {}
    errors = (RecordingError, Unwritable)
    for codec_name in ("null", "deflate", "zstandard"):
        like = folder / codec_name
        controls = driving.drive(30)
        samples = (("balanced", 0, driving.record(driving.sample_of(one), at)) for at, one in enumerate(controls))
        recorded(like, [*driving.placed(controls), *samples], codec=codec_name)
        segment = next((like / "controls").rglob("*.avro"))
        balanced = next((like / "balanced").rglob("*.avro"))
        found[f"segment {codec_name}"] = Reader(
            [segment.read_bytes()], lambda data, folder: _tally(data, folder), errors
        )
        found[f"recording {codec_name}"] = Reader([segment.read_bytes()], _reading(segment, like), errors)
        found[f"samples {codec_name}"] = Reader([balanced.read_bytes()], _reading(balanced, like), errors)
        if codec_name == "null":
            index = segment_index.path_of(segment)
            found["index"] = Reader([index.read_bytes()], _reading(index, like), errors)
            found["manifest"] = Reader([(like / MANIFEST).read_bytes()], _reading(like / MANIFEST, like), errors)
            unsealed = (like / MANIFEST).read_bytes().rpartition(b',\n  "sha256"')[0] + b"\n}\n"
            found["unsealed manifest"] = Reader([unsealed], _reading(like / MANIFEST, like), errors)
    return found


def _tally(data: bytes, folder: Path) -> None:
    (folder / "segment.avro").write_bytes(data)
    tallied(folder / "segment.avro", may_be_torn=True)


def _read_table(data: bytes, folder: Path) -> None:
    (folder / "labels.csv").write_bytes(data)
    [*opened(folder / "labels.csv", {}).lines()]


def _import(data: bytes, folder: Path) -> None:
    """A table, and beside it the pictures that it may name."""
    (folder / "in").mkdir()
    (folder / "in" / "labels.csv").write_bytes(data)
    for number in range(3):
        (folder / "in" / f"{number}.jpg").write_bytes(driving.picture(number))
    import_folder(folder / "in", folder / "in" / "labels.csv", folder / "out", ImportOptions(fps=30), "charles")


_TABLES = [
    b"image,steering,throttle,brake,speed\n0.jpg,0.1,0.5,0,12.5\n1.jpg,-0.2,0.5,0,12.5\n2.jpg,0,0,1,3\n",
    b"image;steering;throttle\n0.jpg;-0.4;1\n1.jpg;0.4;-1\n",
    b"time,image,steering,throttle\n2026-01-01T00:00:00Z,0.jpg,0.1,1\n2026-01-01T00:00:00.033Z,1.jpg,0.1,1\n",
]


def _read_picture(data: bytes, _folder: Path) -> None:
    for mode in (cv2.IMREAD_COLOR, cv2.IMREAD_REDUCED_GRAYSCALE_8):
        decoded(data, mode)


def _train_on_picture(data: bytes, _folder: Path) -> None:
    jpeg.check([data], (64, 36), 1)
    jpeg.decode([data], np.empty((36, 64, 3), np.uint8))


def _pictures() -> list[bytes]:
    pixels = np.random.default_rng(1).integers(0, 256, (36, 64, 3), np.uint8)
    formats = ((".jpg", []), (".png", []), (".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]))
    return [driving.picture(5), *(bytes(cv2.imencode(suffix, pixels, options)[1]) for suffix, options in formats)]


def _jpegs() -> list[bytes]:
    return [picture for picture in _pictures() if picture.startswith(b"\xff\xd8")]


def _stories() -> list[bytes]:
    return [codec.encode(_event(kind)) for kind in (Checkpoint, ConfigChange, Status, DeadLetter)]


def _tell(data: bytes, _folder: Path) -> None:
    for kind in (Checkpoint, ConfigChange, Status, DeadLetter):
        with suppress(Unreadable):
            for annotation in Story().take(0, codec.decode(kind, data, NOBODY.find)):
                names.markup(annotation.text)


def readers(folder: Path) -> dict[str, Reader]:
    """By name. folder: where what is needed to make valid inputs lies."""
    unreadable = (Unreadable,)
    odd = [name.encode() for name in ("c|r|5", "collector-1|run-1|17", "c|r|99999999999999999999")]
    return {
        **_events(),
        **_recordings(folder),
        "foreign schema": Reader(_foreign(), _read_foreign, (NoSchema, Unreadable)),
        "key and headers": Reader(odd, _read_message, ()),
        "state": Reader(_states(), _read_state, ()),
        "heartbeat": Reader(_statuses(), _read_status, unreadable),
        "ledger": Reader([codec.encode(_event(events.RunLedger))], _read_ledger, unreadable),
        "step": Reader([codec.encode(_event(events.TrainingStep))], _read_step, unreadable),
        "command": Reader([codec.encode(_event(Command))], _decoding(Command), unreadable),
        "configuration": Reader(_documents(), _read_change, (ConfigError,)),
        "assignment": Reader(
            [b"balance.bins=11\noutputs=steering", b'train={"batch": 4}'], _read_assignment, (ConfigError,)
        ),
        "toml": Reader([b'[kafka]\nprefix = "x"\n[collector]\nname = "c"\n'], _read_toml, (ConfigError,)),
        "properties": Reader([b"# login\nsasl.username=me\nssl.ca.location=/x\n"], _read_properties, (ValueError,)),
        "chunks": Reader(_checkpoints(), _read_chunks, (Unreadable, DamagedArtefact, MissingChunks)),
        "safetensors": Reader([packing.pack(ARRAYS)], lambda data, _: integrity.unpack(data), (DamagedArtefact,)),
        "trainer's state": Reader(
            _trainer_states(), lambda data, _: trainer_state.unpack(integrity.unpack(data)), (DamagedArtefact,)
        ),
        "weights file": Reader(_weights_files(folder), _read_weights_file, (WeightsFileError,)),
        "label table": Reader(_TABLES, _read_table, (RecordingError,)),
        "import": Reader(_TABLES, _import, (RecordingError, Unwritable)),
        "picture": Reader(_pictures(), _read_picture, (BadPicture,)),
        "picture to train on": Reader(_jpegs(), _train_on_picture, (BadPicture,)),
        "annotator": Reader(_stories(), _tell, ()),
    }


def schemas_made_up(rng: random.Random, depth: int = 0) -> Any:
    """A schema of any structure, valid or not."""
    kinds = ("null", "long", "string", "bytes", "double", "a", "b", "array", "map", "record", "enum", "fixed", "union")
    kind = rng.choice(kinds[:7] if depth > 5 else kinds)
    inner = lambda: schemas_made_up(rng, depth + 1)  # noqa: E731
    made: dict[str, Callable[[], Any]] = {
        "array": lambda: {"type": "array", "items": inner()},
        "map": lambda: {"type": "map", "values": inner()},
        "record": lambda: {
            "type": "record",
            "name": rng.choice("abc"),
            "fields": [{"name": f"f{number}", "type": inner()} for number in range(rng.randrange(4))],
        },
        "enum": lambda: {"type": "enum", "name": rng.choice("abc"), "symbols": ["X"] * rng.randrange(3)},
        "fixed": lambda: {"type": "fixed", "name": rng.choice("abc"), "size": rng.choice((0, 3, -1, 2**40))},
        "union": lambda: [inner() for _ in range(rng.randrange(4))],
    }
    return made.get(kind, lambda: kind)()


def structured(name: str, rng: random.Random) -> bytes | None:
    """An input that a generator makes up, for readers of what has structure; None for others."""
    if name == "foreign schema":
        schema, out = schemas_made_up(rng), io.BytesIO()
        return json.dumps(schema).encode() + b"\n" + rng.randbytes(rng.randrange(40)) + out.getvalue()
    if name == "configuration":
        return json.dumps(_document_made_up(rng)).encode()
    if name == "event Sample":
        values = {field: rng.choice((1e300, float("nan"), -1e39, 0.5)) for field in ("speed", "steering")}
        return _unchecked(driving.sample_of(driving.control(3)), **values)
    return None


def _document_made_up(rng: random.Random) -> Any:
    document: dict[str, Any] = Config().model_dump(mode="json")
    for _ in range(rng.randrange(1, 4)):
        section = rng.choice([*document])
        value = rng.choice((None, -1, 0, 2**70, 1e300, "x" * 300, [], {}, ["steering"] * 3, True, "\ud800"))
        if isinstance(document[section], dict) and document[section] and rng.random() < 0.7:
            document[section] = document[section] | {rng.choice([*document[section]]): value}
        else:
            document[section] = value
    return document


def _unchecked(event: Control | Sample, **values: Any) -> bytes:
    out = io.BytesIO()
    out.write(codec.SINGLE_OBJECT + codec.own_fingerprint(type(event)))
    fastavro.schemaless_writer(out, codec.schema(type(event)), dataclasses.asdict(event) | values)
    return out.getvalue()
