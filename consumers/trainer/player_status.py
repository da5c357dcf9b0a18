"""Who drives with what was trained here, and how old it is."""

from __future__ import annotations

from charles.control.status_topic import StatusFollower
from charles.events import Status, now
from charles.settings import Kafka

_SILENT_S = 5.0


class PlayerStatus:
    """Follows the heartbeats of the players."""

    def __init__(self, kafka: Kafka) -> None:
        self._players: dict[str, Status] = {}
        self._follower = StatusFollower(kafka, "trainer-players")

    def driving(self, model: str) -> list[Status]:
        """The last heartbeats of those who drive with this model now; figures["age_s"] is their weights' age."""
        for status in self._follower.glance():
            if status.program == "player":
                self._players[status.instance] = status
        return [
            status
            for status in self._players.values()
            if status.model == model
            and status.state in ("running", "paused")
            and "age_s" in status.figures
            and (now() - status.time).total_seconds() < _SILENT_S
        ]

    def close(self) -> None:
        self._follower.close()
