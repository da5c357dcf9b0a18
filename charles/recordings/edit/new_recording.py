"""Makes new folders from recordings, completely or not at all. The sources are only read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from charles.base.atomic_file import Unwritable
from charles.recordings.format.errors import RecordingError
from charles.recordings.format.manifest import Manifest, TopicInfo
from charles.recordings.format.reader import Recording
from charles.recordings.format.writer import RecordingWriter

_REGISTRY_ID_LIMIT = 10
"""Digits: a registry's id has no more, a fingerprint has 16."""


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder that is new or empty; when the block fails, is interrupted or finds the disk full, it is removed again.

    Raises RecordingError where it holds something, Unwritable.
    """
    existed = folder.is_dir()
    if folder.exists() and (not existed or any(folder.iterdir())):
        raise RecordingError(f"{folder} is not an empty folder: choose a new one")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unwritable(f"{folder} cannot be created: {error.strerror}") from error
    try:
        yield folder
    except BaseException as error:
        for path in folder.iterdir() if existed else [folder]:
            with suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if isinstance(error, OSError) and _is_about(error, folder):
            raise Unwritable(f"{folder} cannot be written: {os.strerror(error.errno or 0)}") from error
        raise


def _is_about(error: OSError, folder: Path) -> bool:
    """Whether a file there could not be written; some libraries do not say which file."""
    return error.filename is None or Path(error.filename).is_relative_to(folder)


@contextmanager
def made(
    folder: Path, sources: Sequence[Recording], topics: dict[str, TopicInfo], note: str
) -> Iterator[RecordingWriter]:
    """A new recording with these topics, complete when the block ends, with the prefix and codec of the
    first of its sources, and the schemas, configurations and notes of all.

    note: what it is, for the manifest. Raises as new_folder() does, and RecordingError where it would lie in a source.
    """
    for source in sources:
        if folder.resolve().is_relative_to(source.folder.resolve()):
            raise RecordingError(
                f"{folder} is inside the recording {source.folder}, which must not be changed: choose another folder"
            )
    manifest = sources[0].manifest
    codec = _codec(manifest)
    with new_folder(folder), RecordingWriter.create(folder, manifest.prefix, topics, codec=codec) as writer:
        for source in sources:
            _take_over(writer, source.manifest)
        writer.note(note)
        yield writer
        writer.finish()


def _take_over(writer: RecordingWriter, manifest: Manifest) -> None:
    """Schemas, configurations and notes of a recording. Of two configurations of one epoch the first one stays, which
    is noted. Raises RecordingError for two schemas of one name."""
    for key, schema in manifest.schemas.items():
        known = writer.manifest.schemas.get(key)
        if known is not None and known != schema and key.isdecimal() and len(key) <= _REGISTRY_ID_LIMIT:
            raise RecordingError(
                f"schema {key} differs between the recordings: they come from different schema registries"
            )
        writer.add_schema(_name(key), schema)
    known_epochs = {each.epoch: each.document for each in writer.manifest.configs}
    for each in manifest.configs:
        if each.epoch not in known_epochs:
            writer.add_config(each.epoch, each.document)
        elif known_epochs[each.epoch] != each.document:
            writer.note(f"two configurations have the epoch {each.epoch}; the first one was kept")
    for note in manifest.notes:
        writer.note(f"note of its source: {note}")


def _codec(manifest: Manifest) -> str:
    return manifest.segments[-1].codec if manifest.segments else "null"


def _name(key: str) -> bytes:
    """What a framing names the schema that a manifest names so."""
    if len(key) <= _REGISTRY_ID_LIMIT and key.isdecimal():
        return int(key).to_bytes(4, "big")
    return bytes.fromhex(key)
