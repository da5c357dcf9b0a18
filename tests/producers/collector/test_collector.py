"""The collector's loop on a real broker, with a game that does what the test says."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any

import cv2
import numpy as np
import pytest

from charles import topics
from charles.control.link import Link
from charles.events import Control, DeadLetter, Frame, Status, now
from charles.games.game import Observation
from charles.kafka import topic_admin
from charles.settings import Kafka, Settings, load
from infra.kafka.broker import LocalBroker
from producers.collector.drive_session import OpenGame
from producers.collector.loop import INVALID_TICKS_IN_A_ROW, collect, jpeg
from producers.collector.sender import TickSender
from tests.kafka_tools import events, headers, kill, read_all
from tests.logged import until
from tests.patience import PATIENCE_S
from tests.producers.collector.ticks import tick_of
from tests.producers.collector.tiny_game import ANSWER, Script, TinyGame, without_speed
from tests.programs import StopWhen, configure, give, heard
from tests.top.pipeline import publish, status


def settings_for(kafka: Kafka, **local: Any) -> Settings:
    return load(kafka=kafka.model_dump(), collector={"name": "c-1", "pace": "max", **local})


def collect_ticks(settings: Settings, ticks: int, script: Script = lambda _, seen: seen) -> TinyGame:
    """Collect until the game has been driven so many ticks."""
    game = TinyGame(1, script)
    collect_until(settings, lambda _: game, lambda: len(game.controllers) >= ticks)
    return game


def collect_until(settings: Settings, open_game: OpenGame, done: Callable[[], bool]) -> None:
    with Link(settings, "collector", settings.collector.name, StopWhen(done), verbs=("unstuck",)) as link:
        while not link.stopped:
            link.begin()
            collect(open_game, link)


def test_every_tick_is_a_frame_and_a_control_of_the_same_instant(kafka: Kafka) -> None:
    collect_ticks(settings_for(kafka), 300, lambda tick, seen: replace(seen, over=tick == 120))

    frames, controls = events(kafka, topics.FRAMES, Frame), events(kafka, topics.CONTROLS, Control)
    assert [frame.moment for frame in frames] == [control.moment for control in controls]
    assert [frame.time for frame in frames] == [control.time for control in controls]
    first, second = sorted({frame.run for frame in frames})
    assert [(frame.run, frame.tick) for frame in frames] == [(first, n) for n in range(120)] + [
        (second, n) for n in range(180)
    ]
    assert {(frame.collector, frame.width, frame.height, frame.dropped) for frame in frames} == {("c-1", 16, 12, 0)}


def test_keys_headers_and_partitions_say_whose_it_is_without_the_bytes(kafka: Kafka) -> None:
    collect_ticks(settings_for(kafka), 10)
    frames, controls = read_all(kafka, topics.FRAMES), read_all(kafka, topics.CONTROLS)
    assert {message.key() for message in frames + controls} == {b"c-1"}
    assert len({message.partition() for message in frames + controls}) == 1
    assert [headers(message) for message in frames] == [headers(message) for message in controls]
    run = events(kafka, topics.FRAMES, Frame)[0].run
    assert headers(frames[3]) == {"collector": "c-1", "run": run, "tick": "3"}


def test_pictures_are_the_games_in_its_colours() -> None:
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[..., 0] = 255
    decoded = cv2.imdecode(np.frombuffer(jpeg(picture, 90), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    blue, green, red = decoded[16, 16]
    assert red > 240
    assert max(blue, green) < 15


def test_labels_are_the_drivers_answers_and_never_the_noise(kafka: Kafka) -> None:
    game = collect_ticks(settings_for(kafka), 600)
    labels = {
        (control.steering, control.acceleration, control.braking) for control in events(kafka, topics.CONTROLS, Control)
    }
    assert labels == {(ANSWER.steering, 0.0, -ANSWER.acceleration_braking)}
    assert len({controller.steering for controller in game.controllers}) > 3
    assert len({controller.acceleration_braking for controller in game.controllers}) > 2


def test_nonsense_is_not_published_but_dead_lettered_and_missing(kafka: Kafka) -> None:
    collect_ticks(settings_for(kafka), 100, lambda tick, seen: without_speed(seen) if 40 <= tick < 43 else seen)

    expected = [*range(40), *range(43, 100)]
    assert [frame.tick for frame in events(kafka, topics.FRAMES, Frame)] == expected
    assert [control.tick for control in events(kafka, topics.CONTROLS, Control)] == expected
    letters = events(kafka, topics.DEADLETTER, DeadLetter)
    assert [letter.headers["tick"] for letter in letters] == [b"40", b"41", b"42"]
    assert all(letter.reason == "speed must be in [-1e+06, 1e+06], not nan" for letter in letters)
    assert {(letter.topic, letter.offset, letter.key) for letter in letters} == {
        (f"{kafka.prefix}.controls", -1, b"c-1")
    }


def test_a_game_that_talks_nonsense_for_long_is_respawned(kafka: Kafka) -> None:
    last = 20 + INVALID_TICKS_IN_A_ROW
    game = collect_ticks(settings_for(kafka), 60, lambda tick, seen: without_speed(seen) if 20 <= tick < last else seen)
    assert game.respawns == [last]
    frames = events(kafka, topics.FRAMES, Frame)
    assert [frame.tick for frame in frames] == [*range(20), *range(60 - last)]


def test_late_ticks_are_counted_in_the_frames_and_told_in_the_status(kafka: Kafka) -> None:
    def slow(tick: int, seen: Observation) -> Observation:
        time.sleep(0.1 if tick < 10 else 0.0)
        return seen

    collect_ticks(settings_for(kafka, pace="real"), 40, slow)
    late = [frame.late for frame in events(kafka, topics.FRAMES, Frame)]
    assert late == sorted(late)
    assert late[0] == 0
    assert late[-1] >= 10
    statuses = [status for status in events(kafka, topics.STATUS, Status) if status.state == "running"]
    assert statuses[-1].program == "collector"
    assert statuses[-1].instance == "c-1"
    assert {"late", "dropped", "queued", "runs", "crashes", "refused"} <= set(statuses[-1].figures)


@pytest.mark.slow
def test_a_broker_that_dies_and_comes_back_costs_no_tick(own_broker: LocalBroker) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False), prefix="killed")
    topic_admin.ensure(kafka)
    game, stopped = TinyGame(1), Event()
    driver = Thread(target=collect_until, args=(settings_for(kafka, pace="real"), lambda _: game, stopped.is_set))
    driver.start()
    until(lambda: len(game.controllers) >= 45)
    kill(own_broker)
    died_at = len(game.controllers)
    until(lambda: len(game.controllers) >= died_at + 60)
    own_broker.start(detached=False)
    back_at = len(game.controllers)
    until(lambda: len(game.controllers) >= back_at + 60)
    stopped.set()
    driver.join(PATIENCE_S)

    for topic, event in ((topics.FRAMES, Frame), (topics.CONTROLS, Control)):
        assert [each.tick for each in events(kafka, topic, event)] == list(range(len(game.controllers)))
    assert events(kafka, topics.FRAMES, Frame)[-1].dropped == 0


@pytest.mark.slow
def test_what_waited_too_long_is_given_up_counted_and_never_sent_twice(own_broker: LocalBroker) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False), prefix="gone")
    topic_admin.ensure(kafka)
    sender = TickSender(kafka, memory_mb=1, give_up_s=6.0)
    ticks = iter(range(10_000))

    def send(count: int) -> None:
        for _ in range(count):
            sender.send(*tick_of(next(ticks)))
            sender.wait(0.002)

    send(50)
    kill(own_broker)
    send(50)
    assert not sender.has_room(1_000_000)
    until(lambda: sender.wait(0.1) or sender.queued == 0)
    assert 0 < sender.dropped <= 100
    own_broker.start(detached=False)
    send(50)
    until(lambda: sender.wait(0.1) or sender.queued == 0)
    sender.close()

    found = [
        [each.tick for each in events(kafka, *half)] for half in ((topics.FRAMES, Frame), (topics.CONTROLS, Control))
    ]
    for half in found:
        assert half == sorted(set(half))
        assert set(range(100, 150)) <= set(half)
    whole = set(found[0]) & set(found[1])
    # What was reported as given up may have arrived all the same; what was not reported has.
    assert 150 - len(whole) <= sender.dropped <= 100


def test_a_clock_that_is_set_back_under_way_costs_no_tick_and_no_order(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = now()
    game = TinyGame(1, lambda tick, seen: replace(seen, over=tick == 60))

    def clock() -> datetime:
        return now() - timedelta(hours=1 if len(game.controllers) >= 30 else 0)

    for module in ("drive_session", "loop"):
        monkeypatch.setattr(f"producers.collector.{module}.now", clock)
    collect_until(settings_for(kafka, pace="real"), lambda _: game, lambda: len(game.controllers) >= 120)

    frames, controls = events(kafka, topics.FRAMES, Frame), events(kafka, topics.CONTROLS, Control)
    assert [(frame.moment, frame.time) for frame in frames] == [(control.moment, control.time) for control in controls]
    assert {frame.time > right for frame in frames} == {True, False}
    assert frames[-1].dropped == 0
    first, second = dict.fromkeys(frame.run for frame in frames)
    assert first < second
    assert [frame.tick for frame in frames] == [*range(60), *range(60)]


def test_it_follows_the_configuration_and_commands_while_it_drives(kafka: Kafka) -> None:
    game, stopped = TinyGame(1), Event()
    driver = Thread(target=collect_until, args=(settings_for(kafka, pace="real"), lambda _: game, stopped.is_set))
    driver.start()
    until(lambda: len(game.controllers) >= 10)
    assert game.weathers == ["clear"]
    configure(kafka, {"collect": {"weather": "fog", "disturbances": False}})
    until(lambda: game.weathers[-1] == "fog")
    quiet_from = len(game.controllers)
    unstuck = give(kafka, "c-1", "unstuck")
    assert heard(kafka, lambda status: status.command == unstuck).outcome == "done"
    assert len(game.respawns) == 1

    give(kafka, "collector", "pause")
    heard(kafka, lambda status: status.state == "paused")
    stood = len(game.controllers)
    give(kafka, "collector", "resume")
    until(lambda: len(game.controllers) >= stood + 30)
    stopped.set()
    driver.join(PATIENCE_S)

    told = {(controller.steering, controller.acceleration_braking) for controller in game.controllers[quiet_from:]}
    assert told == {(ANSWER.steering, ANSWER.acceleration_braking)}
    frames = events(kafka, topics.FRAMES, Frame)
    runs = list(dict.fromkeys(frame.run for frame in frames))
    assert len(runs) == 3  # the first, one after the unstuck, and one after the pause
    for run in runs:
        ticks = [frame.tick for frame in frames if frame.run == run]
        assert ticks == list(range(len(ticks)))


def test_it_seeks_what_a_balancer_lacks_only_where_the_configuration_says_so(kafka: Kafka) -> None:
    game, stopped = TinyGame(1), Event()
    configure(kafka, {"collect": {"seek_rare": False}})
    driver = Thread(target=collect_until, args=(settings_for(kafka), lambda _: game, stopped.is_set))
    driver.start()
    lacks = status("balancer", starving=["steering (0.9, 1]"])

    def pushes_for(ticks: int) -> set[float]:
        """What the steering was pushed to in so many ticks, all of them driven after a balancer was heard."""
        for _ in range(3):
            publish(kafka, topics.STATUS, replace(lacks, time=now()))
            time.sleep(1)
        begin = len(game.controllers)
        until(lambda: len(game.controllers) >= begin + ticks)
        return {controller.steering for controller in game.controllers[begin:]} - {ANSWER.steering}

    assert len(pushes_for(1000)) > 3
    configure(kafka, {"collect": {"seek_rare": True}})
    heard(kafka, lambda said: said.instance == "c-1" and said.epoch == 1)
    assert pushes_for(1000) == {-1.0}
    stopped.set()
    driver.join(PATIENCE_S)
