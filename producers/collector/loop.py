"""The collector's loop: look, ask the game's driver, publish, drive on; 30 times a second."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import datetime

import cv2

from charles import topics
from charles.control import Heartbeat
from charles.deadletters import DeadLetters, unwritten
from charles.events import Control, Frame, now
from charles.games import Action, Observation, Picture
from charles.kafka import name
from charles.pacing import HZ, RateKeeper
from charles.settings import Settings
from producers.collector.disturbances import Disturbances
from producers.collector.drive import Drive, OpenGame
from producers.collector.report import Report
from producers.collector.sender import Sender

PROGRAM = "collector"
INVALID_IN_A_ROW = 15
"""Half a second of nonsense: the car is put somewhere else."""


def collect(open_game: OpenGame, settings: Settings, stop: Callable[[float], bool]) -> None:
    """Drive and publish until stop says so; stop(seconds) waits at most that long and tells whether to stop.

    open_game: opens the game in the world of a seed.
    """
    local = settings.collect
    keeper = RateKeeper(HZ if local.pace == "real" else None)
    disturbances = Disturbances(local.seed)
    with (
        Heartbeat(settings.kafka, PROGRAM, local.name) as heartbeat,
        closing(Sender(settings.kafka, local.memory_mb)) as sender,
        closing(Refused(settings)) as refused,
        closing(Drive(open_game, settings)) as drive,
    ):
        report = Report(heartbeat, local, keeper, sender, drive)
        for _ in keeper.ticks(stop):
            seen = drive.observe()
            time = now()
            action = drive.game.drive()
            try:
                control = control_of(seen, action, local.name, drive, time)
            except ValueError as error:
                refused.tell(str(error), seen, action, drive)
            else:
                refused.in_a_row = 0
                picture = jpeg(seen.hood, local.jpeg_quality)
                while not sender.has_room(len(picture)):
                    sender.wait(0.1)
                    report.tell("waiting", refused.count)
                    if stop(0):
                        return
                sender.send(frame_of(control, seen, picture, keeper.late, sender.dropped), control)
                heartbeat.rate.add()
            applied = disturbances.applied(action) if local.disturbances else action
            drive.game.act(drive.game.mapping.to_controller(applied))
            drive.advance()
            if refused.in_a_row >= INVALID_IN_A_ROW:
                refused.in_a_row = 0
                drive.respawn()
            report.tell("running", refused.count)


def jpeg(picture: Picture, quality: int) -> bytes:
    """A picture, uint8 RGB (height, width, 3), as a JPEG."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(data)


def control_of(seen: Observation, action: Action, collector: str, drive: Drive, time: datetime) -> Control:
    """The tick's Control. Raises ValueError for telemetry or an action that is not finite or out of range."""
    pedals = action.acceleration_braking
    return Control(
        collector=collector,
        run=drive.run,
        tick=drive.tick,
        time=time,
        acceleration=max(pedals, 0.0),  # NaN stays NaN, and is refused
        braking=max(-pedals, 0.0),
        steering=action.steering,
        **asdict(seen.telemetry),
    )


def frame_of(control: Control, seen: Observation, picture: bytes, late: int, dropped: int) -> Frame:
    """The Frame of the same moment as the Control."""
    height, width = seen.hood.shape[:2]
    return Frame(
        collector=control.collector,
        run=control.run,
        tick=control.tick,
        time=control.time,
        picture=picture,
        width=width,
        height=height,
        late=late,
        dropped=dropped,
    )


class Refused:
    """Ticks that cannot be published because the game or its driver talked nonsense: counted and dead-lettered.

    Their tick numbers are used up, so that the ledger shows them missing. count: since the start.
    """

    def __init__(self, settings: Settings) -> None:
        self.count = 0
        self.in_a_row = 0
        self._collector = settings.collect.name
        self._topic = name(settings.kafka, topics.CONTROLS)
        self._letters = DeadLetters(settings.kafka, PROGRAM)

    def tell(self, reason: str, seen: Observation, action: Action, drive: Drive) -> None:
        self.count += 1
        self.in_a_row += 1
        headers = {"collector": self._collector, "run": drive.run, "tick": str(drive.tick)}
        value = json.dumps({"action": asdict(action), "telemetry": asdict(seen.telemetry)}).encode()
        letter = unwritten(self._topic, reason, PROGRAM, key=self._collector, headers=headers, value=value)
        self._letters.send_event(letter)

    def close(self) -> None:
        self._letters.flush(1.0)
