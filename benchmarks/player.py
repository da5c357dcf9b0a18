"""The player's tick: everything it does between a picture and its wait for the next one, beside bare inference."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any, cast

import numpy as np

from benchmarks.drive import PICTURE, observations
from benchmarks.harness import Contest, Figures
from benchmarks.place import BenchPlace, defaults
from charles.base.shutdown import Stop
from charles.base.tensorflow_import import loading_tensorflow
from charles.checkpoints.identity import WEIGHTS, ModelIdentity
from charles.checkpoints.publish import publish
from charles.checkpoints.publish import publisher as publisher_of
from charles.control.link import Link
from charles.games.city import City
from charles.games.game import Action, Controller, Observation
from charles.kafka.transactions import join, transaction
from charles.pacing import HZ, RateKeeper
from charles.settings import Settings

TICKS = 300
_LINE = "pilot"


@contextmanager
def player(place: BenchPlace) -> Iterator[Contest]:
    """Milliseconds of a tick, at 30 Hz on city pictures of 480x270: prediction, controller, console, heartbeat, and ten
    times a second a picture for those who watch. The first second is not counted."""
    with loading_tensorflow():
        from charles.models import architecture, build, get_weights

    seen, ticks = observations(place.count(300)), HZ + place.count(TICKS)
    model = build(_LINE, City.picture_size)
    settings = defaults(place.cluster())
    publisher = publisher_of(settings.kafka, settings.config.model)
    join(publisher)
    with transaction(publisher):
        who = ModelIdentity(settings.config.model, _LINE, architecture(model), PICTURE)
        publish(publisher, who, WEIGHTS, 0, get_weights(model))
    infer = _inference(model, seen)
    yield Contest(lambda: _percentiles(_play(settings, seen, ticks)), lambda: _percentiles(_bare(infer, ticks)))


def _percentiles(seconds: Sequence[float]) -> Figures:
    found = np.percentile(np.array(seconds[HZ:]) * 1000, (50, 95, 99))
    return dict(zip(("p50", "p95", "p99"), found.tolist(), strict=True))


class FakeScreen:
    """A drive that is shown again, whatever the player does. ticks: that were shown; saw_s: when the last one was."""

    mapping = City.mapping
    episode = City.episode
    picture_size = City.picture_size

    def __init__(self, seen: Sequence[Observation]) -> None:
        self.ticks = 0
        self.saw_s = 0.0
        self._seen = seen

    def observe(self) -> Observation:
        self.saw_s = time.perf_counter()
        return self._seen[self.ticks % len(self._seen)]

    def act(self, controller: Controller) -> None:
        self.ticks += 1

    def drive(self) -> Action:
        return Action(0.0, 0.0)

    def respawn(self) -> None: ...

    def set_weather(self, weather: str) -> None: ...

    def close(self) -> None: ...


class Stopwatch(Link):
    """Takes the time at the heartbeat, which ends a tick. seconds: each tick's, from what was seen on."""

    def __init__(self, settings: Settings, screen: FakeScreen, ticks: int) -> None:
        self.seconds: list[float] = []
        self._screen = screen
        over = cast(Stop, UntilDriven(lambda: screen.ticks >= ticks))
        super().__init__(settings, "player", settings.player.name, over, verbs=("unstuck",))

    def beat(self, state: str, **facts: Any) -> bool:
        told = super().beat(state, **facts)
        if state == "running":
            self.seconds.append(time.perf_counter() - self._screen.saw_s)
        return told


class UntilDriven:
    """Becomes true once this is done, as stopping.Stop does when it is told to."""

    def __init__(self, done: Callable[[], bool]) -> None:
        self._done = done

    def __call__(self, wait_s: float = 0.0) -> bool:
        time.sleep(wait_s)
        return self._done()


def _play(settings: Settings, seen: Sequence[Observation], ticks: int) -> list[float]:
    """Seconds of each tick of the real player."""
    with loading_tensorflow():
        from consumers.player.loop import play

    screen = FakeScreen(seen)
    with redirect_stdout(io.StringIO()), Stopwatch(settings, screen, ticks) as link:
        play(screen, link)
    return link.seconds


def _inference(model: Any, seen: Sequence[Observation]) -> list[Any]:
    """Calls of the traced model, with tensors that are there already."""
    import tensorflow as tf

    function = tf.function(lambda inputs: model(inputs, training=False), autograph=False)
    inputs = [
        {
            "image": tf.constant(one.hood[None]),
            "speed": tf.constant([[one.telemetry.speed]], tf.float32),
            "purpose": tf.constant([[one.telemetry.purpose_distance, one.telemetry.purpose_bearing]], tf.float32),
        }
        for one in seen
    ]
    function(inputs[0])  # traced
    return [lambda given=given: [output.numpy() for output in function(given).values()] for given in inputs]


def _bare(infer: list[Any], ticks: int) -> list[float]:
    """Seconds of each inference."""
    seconds: list[float] = []
    for tick in RateKeeper().ticks(UntilDriven(lambda: len(seconds) >= ticks)):
        start_s = time.perf_counter()
        infer[tick % len(infer)]()
        seconds.append(time.perf_counter() - start_s)
    return seconds
