"""Where recordings are."""

from __future__ import annotations

from pathlib import Path

from charles.recordings.format.layout import MANIFEST


def under(folder: Path) -> list[Path]:
    """The recordings in a folder, by name; the folder itself where it is one."""
    if _is_recording(folder):
        return [folder]
    return sorted(path.parent for path in folder.glob(f"*/{MANIFEST}"))


def located(given: Path, folder: Path) -> Path:
    """Where the recording is that somebody calls so: by its path, or by its name in the folder of recordings."""
    named = folder / given
    if _is_recording(given) or not named.exists():
        return given
    return named if _is_recording(named) or not given.exists() else given


def _is_recording(path: Path) -> bool:
    return (path / MANIFEST).is_file()


def placed(given: Path, folder: Path) -> Path:
    """The same for a recording that may be new: a mere name is one in the folder of recordings."""
    found = located(given, folder)
    return folder / given if len(given.parts) == 1 and not found.exists() else found
