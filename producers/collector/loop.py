"""The collector's loop: look, ask the game's driver, publish, drive on; 30 times a second."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from datetime import datetime

import cv2

from charles.control.link import Link
from charles.events import Control, Frame, now
from charles.games.game import Action, Observation, Picture
from charles.pacing import HZ, RateKeeper
from producers.collector.disturbances import Disturbances
from producers.collector.drive_session import DriveSession, OpenGame
from producers.collector.invalid_ticks import InvalidTicks
from producers.collector.report import CollectorReport
from producers.collector.sender import TickSender
from producers.collector.status_listener import StatusListener
from producers.collector.wanted_ranges import wanted

INVALID_TICKS_IN_A_ROW = 15
"""Half a second of nonsense: the car is put somewhere else."""


def collect(open_game: OpenGame, link: Link) -> None:
    """Drive and publish until this life of the program is over.

    open_game: opens the game in the world of a seed.
    """
    local, config = link.settings.collector, link.settings.config
    keeper, disturbances = RateKeeper(), Disturbances(local.seed)
    with (
        closing(TickSender(link.settings.kafka, local.memory_mb)) as sender,
        closing(InvalidTicks(link.settings)) as refused,
        closing(StatusListener(link.settings.kafka, local.name)) as hearing,
        closing(DriveSession(open_game, local.seed, config)) as drive,
    ):
        report = CollectorReport(link, keeper, sender, drive, refused, hearing.me.began)
        paused = False
        for _ in keeper.ticks(link.should_end):
            if config is not link.settings.config:
                config = link.settings.config
                drive.follow(config)
            real = (local.pace or config.collect.pace) == "real"
            if hearing.listen():
                disturbances.seek(wanted(hearing.starving) if config.collect.seek_rare else ())
            aside = f"name already used by {hearing.elder}, which started earlier" if hearing.elder else ""
            keeper.hz = HZ if real or link.paused or aside else None
            if link.paused or aside:
                paused = True
                report.tell("paused" if link.paused else "waiting", aside)
                continue
            if paused:
                paused = False
                drive.respawn()  # the time that was slept through belongs to no run
            if (command := link.asked("unstuck")) is not None:
                drive.respawn()
                link.answer(command, "done")

            seen = drive.observe()
            time = now()
            action = drive.game.drive()
            try:
                control = control_of(seen, action, local.name, drive, time)
            except ValueError as error:
                refused.tell(str(error), seen, action, drive)
            else:
                refused.in_a_row = 0
                picture = jpeg(seen.hood, config.collect.jpeg_quality)
                while not sender.has_room(len(picture)):
                    sender.wait(0.1)
                    report.tell("waiting")
                    if link.should_end():
                        return
                sender.send(frame_of(control, seen, picture, keeper.late, sender.dropped), control)
                link.rate.add()
            applied = disturbances.applied(action) if config.collect.disturbances else action
            drive.game.act(drive.game.mapping.to_controller(applied))
            drive.advance()
            if refused.in_a_row >= INVALID_TICKS_IN_A_ROW:
                refused.in_a_row = 0
                drive.respawn()
            report.tell("running")


def jpeg(picture: Picture, quality: int) -> bytes:
    """A picture, uint8 RGB (height, width, 3), as a JPEG."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(data)


def control_of(seen: Observation, action: Action, collector: str, drive: DriveSession, time: datetime) -> Control:
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
