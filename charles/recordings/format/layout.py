"""Where the files of a recording lie."""

from __future__ import annotations

import re
from pathlib import Path

MANIFEST = "manifest.json"
LOCK = ".lock"
SEGMENT = ".avro"
BEGUN_FILES = (LOCK, f"{MANIFEST}.part")
"""What lies in a folder in which a writer was killed before there was a manifest."""

TOPIC = r"^[a-zA-Z0-9_-][a-zA-Z0-9._-]*$"
"""What topics may be called here: their names are folders."""

_SEGMENT = re.compile(r"(\d{20})\.avro")


def segment_file(topic: str, partition: int, first_offset: int) -> str:
    """A segment's path in the recording's folder, as the manifest says it. ValueError for what is no topic's name."""
    if not re.fullmatch(TOPIC, topic):
        raise ValueError(f"{topic!r} is not a valid topic name")
    return f"{topic}/{partition}/{first_offset:020d}{SEGMENT}"


def segments(folder: Path, topic: str, partition: int) -> list[tuple[int, Path]]:
    """The segments that lie there: first offset and path, in order."""
    found = ((_SEGMENT.fullmatch(path.name), path) for path in (folder / topic / str(partition)).glob(f"*{SEGMENT}"))
    return sorted((int(match[1]), path) for match, path in found if match)
