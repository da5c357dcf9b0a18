"""Ticks that cannot be published because the game or its driver returned invalid values."""

from __future__ import annotations

import json
from dataclasses import asdict

from charles import topics
from charles.games.game import Action, Observation
from charles.kafka.clients import name
from charles.kafka.dead_letters import DeadLetters, unwritten
from charles.settings import Settings
from producers.collector.drive_session import DriveSession

PROGRAM = "collector"


class InvalidTicks:
    """Ticks with invalid values from the game or its driver: counted and dead-lettered.

    Their tick numbers are used up, so that the ledger shows them missing. count: since the start.
    """

    def __init__(self, settings: Settings) -> None:
        self.count = 0
        self.in_a_row = 0
        self._collector = settings.collector.name
        self._topic = name(settings.kafka, topics.CONTROLS)
        self._letters = DeadLetters(settings.kafka, PROGRAM)

    def tell(self, reason: str, seen: Observation, action: Action, drive: DriveSession) -> None:
        self.count += 1
        self.in_a_row += 1
        headers = {"collector": self._collector, "run": drive.run, "tick": str(drive.tick)}
        value = json.dumps({"action": asdict(action), "telemetry": asdict(seen.telemetry)}).encode()
        letter = unwritten(self._topic, reason, PROGRAM, key=self._collector, headers=headers, value=value)
        self._letters.send_event(letter)

    def close(self) -> None:
        self._letters.flush(1.0)
