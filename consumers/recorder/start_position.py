"""Which recording it is, and where it begins: a new one, or one that a recorder left unfinished when it died."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from pathlib import Path

from charles import events, topics
from charles.base.time_format import read_time, to_ms
from charles.recordings.format import layout
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.lock import RecordingLock
from charles.recordings.format.manifest import Manifest
from charles.recordings.inspect import locate
from charles.settings import ConfigError, Settings

USUAL_TOPICS = (topics.FRAMES, topics.CONTROLS, topics.BALANCED, topics.TRAINING)
"""Recorded where nobody says which topics."""

_NAME = "%Y-%m-%dT%H-%M-%SZ"
_NAMED = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")


class Edge(Enum):
    """An end of the log."""

    NOW = "now"
    BEGINNING = "beginning"


Begin = Edge | int
"""Where in the log recording begins; a number: at the first record of that time, milliseconds since 1970."""


def begin(settings: Settings) -> Begin:
    """What recorder.begin means now. Raises ConfigError."""
    text = settings.recorder.begin.strip()
    for edge in Edge:
        if text == edge.value:
            return edge
    try:
        return to_ms(read_time(text, events.now()))
    except ValueError as problem:
        raise ConfigError(f"recorder.begin: {problem}, now or beginning") from None


def chosen(settings: Settings, recorded: Iterable[str] = ()) -> tuple[str, ...]:
    """The topics to record; recorded: those that are in the recording already. Raises ConfigError."""
    known = [topic.name for topic in topics.TOPICS]
    for name in settings.recorder.topics:
        if name not in known:
            raise ConfigError(f"recorder.topics: there is no topic {name!r}; choose from: {', '.join(known)}")
    wanted = [*recorded, *settings.recorder.topics] or [topic.name for topic in USUAL_TOPICS]
    return tuple(dict.fromkeys(wanted))


def folder(settings: Settings) -> Path:
    """Of the recording: the one that the settings name, or else one that a recorder began without being told a name
    and did not finish, or else a new one, named by the time."""
    recordings, given = settings.recordings.folder, settings.recorder.recording
    if given is not None:
        return locate.placed(Path(given), recordings)
    left = (path for path in reversed(locate.under(recordings)) if _is_left_behind(path, settings.kafka.prefix))
    return next(left, recordings / events.now().strftime(_NAME))


def unfinished(path: Path, prefix: str) -> Manifest | None:
    """Of the recording that shall go on there; None: it is a new one. Raises RecordingError where it cannot go on."""
    if not (path / layout.MANIFEST).exists():
        return None
    manifest = Manifest.load(path)
    if manifest.state == "complete":
        raise RecordingError(f"{path} is complete and cannot be extended: choose another recording")
    if manifest.prefix != prefix:
        raise RecordingError(
            f"{path} has the topics {manifest.prefix}.*, not {prefix}.*: choose another recording, or set kafka.prefix"
        )
    return manifest


def _is_left_behind(path: Path, prefix: str) -> bool:
    if not _NAMED.fullmatch(path.name):
        return False
    try:
        manifest = unfinished(path, prefix)
        RecordingLock(path / layout.LOCK).close()  # it may be taken
    except RuntimeError:
        return False
    return manifest is not None
