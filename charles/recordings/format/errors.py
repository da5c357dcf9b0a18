"""What is wrong with a recording, in one line."""

from __future__ import annotations

from pathlib import Path


class RecordingError(RuntimeError):
    """A recording cannot be used as it was asked for; the message says which, why, and what to do."""


class DamagedRecording(RecordingError):
    """A file of a recording is not as it was written. position: bytes; reason: without the file's name."""

    def __init__(self, path: Path, position: int, reason: str, remedy: str = "restore the file from a copy") -> None:
        super().__init__(f"{path} is damaged at byte {position}: {reason}; {remedy}")
        self.path = path
        self.position = position
        self.reason = reason
