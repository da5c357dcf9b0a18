"""The recorder writes topics into a folder, exact to the byte; killed at any moment, it goes on without gap or repeat.

charles record
"""

from __future__ import annotations

from consumers.recorder.recorder import main

__all__ = ["main"]
