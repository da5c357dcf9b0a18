"""What the player sees and does, for those who watch: the topic `driving`."""

from __future__ import annotations

import cv2

from charles import topics
from charles.control.link import Link
from charles.events import Checkpoint, DrivingFrame, now
from charles.games.game import Action, Controller, Observation
from charles.kafka.publisher import Publisher
from charles.pacing import Every, Rate
from consumers.player.run import PlayerRun, TickTiming

_FRESH_MS = 3000  # an older picture is of no use to anybody who watches


class DrivingPublisher:
    """Publishes a DrivingFrame some times a second. While the broker is away they are dropped."""

    def __init__(self, link: Link) -> None:
        self._link = link
        settings = link.settings
        self._player = settings.player.name
        self._every = Every(1 / settings.player.publish_hz)
        properties = {"message.timeout.ms": _FRESH_MS, "queue.buffering.max.kbytes": 8192}
        self._publisher = Publisher(settings.kafka, DrivingFrame, **properties, **link.process.measured())

    def show(
        self,
        run: PlayerRun,
        seen: Observation,
        raw: Action,
        controller: Controller,
        weights: Checkpoint,
        fps: Rate,
        timing: TickTiming,
    ) -> None:
        """Publish this tick, when it is time for one."""
        if not self._every.due():
            return
        event = DrivingFrame(
            player=self._player,
            run=run.id,
            tick=run.tick,
            time=now(),
            picture=self._jpeg(seen),
            model=weights.model,
            batch=weights.batch,
            speed=seen.telemetry.speed,
            predicted_acceleration_braking=raw.acceleration_braking,
            predicted_steering=raw.steering,
            controller_acceleration_braking=controller.acceleration_braking,
            controller_steering=controller.steering,
            fps=fps.per_second(),
            pps=timing.pps,
        )
        self._publisher.send_or_drop(topics.DRIVING, event, self._player)

    def _jpeg(self, seen: Observation) -> bytes:
        quality = self._link.settings.config.collect.jpeg_quality
        bgr = cv2.cvtColor(seen.hood, cv2.COLOR_RGB2BGR)
        return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])

    def close(self) -> None:
        """Let the last pictures leave."""
        self._publisher.flush(1.0)
