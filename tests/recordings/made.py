"""Records and recordings to test with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from hypothesis import strategies as st

from charles.recordings.format.manifest import TopicInfo
from charles.recordings.format.reader import Recording
from charles.recordings.format.record import Headers, Record
from charles.recordings.format.writer import RecordingWriter

Placed = tuple[str, int, Record]

_bytes = st.none() | st.binary(max_size=200)
_headers = st.lists(st.tuples(st.text(max_size=20), _bytes), max_size=4).map(tuple)
TIMESTAMPS = st.just(-1) | st.integers(0, 2**62)


@st.composite
def records(draw: st.DrawFn, timestamps: st.SearchStrategy[int] = TIMESTAMPS, min_size: int = 0) -> list[Record]:
    """Records of one partition: everything that Kafka can keep, in growing offsets."""
    offsets = sorted(draw(st.sets(st.integers(0, 2**62), min_size=min_size, max_size=20)))
    return [
        Record(offset, draw(timestamps), draw(st.integers(0, 2)), draw(_bytes), draw(_bytes), draw(_headers))
        for offset in offsets
    ]


def record(offset: int, timestamp: int | None = None, size: int = 20, headers: Headers = ()) -> Record:
    """One like many others."""
    moment = offset if timestamp is None else timestamp
    return Record(offset, moment, 1, b"key", bytes((offset + at) % 251 for at in range(size)), headers)


def of_run(offset: int, run: str = "r", collector: str = "c") -> Record:
    """A record whose headers say whose it is."""
    told = {"collector": collector, "run": run, "tick": str(offset)}
    return record(offset, headers=tuple((name, text.encode()) for name, text in told.items()))


def recorded(folder: Path, placed: Iterable[Placed], *, finish: bool = True, **options: int | str) -> Recording:
    """A recording of these records, of topics with as many partitions as they need."""
    rows = list(placed)
    partitions: dict[str, int] = {}
    for topic, partition, _record in rows:
        partitions[topic] = max(partitions.get(topic, 0), partition + 1)
    topics = {topic: TopicInfo(partitions=count) for topic, count in partitions.items()}
    with RecordingWriter.create(folder, "charles", topics, **options) as writer:  # type: ignore[arg-type]
        for topic, partition, each in rows:
            writer.append(topic, partition, each)
        if finish:
            writer.finish()
    return Recording.open(folder)


def files_of(folder: Path) -> Iterator[Path]:
    """The files of a recording, all that hold something."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size)
