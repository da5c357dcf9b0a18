"""Ticks for a Sender, made without a game."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from charles.events import Control, Frame, now
from tests.producers.collector.tiny_game import DRIVING


def tick_of(tick: int, run: str = "r") -> tuple[Frame, Control]:
    """Both halves of a tick of the collector c-1, of about 2 kB."""
    moment: dict[str, Any] = {"collector": "c-1", "run": run, "tick": tick, "time": now()}
    frame = Frame(**moment, picture=bytes(2000), width=16, height=12, late=0, dropped=0)
    return frame, Control(**moment, acceleration=0.0, braking=0.0, steering=0.0, **asdict(DRIVING))
