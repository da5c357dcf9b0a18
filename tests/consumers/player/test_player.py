"""The player's loop, with real checkpoints through a real broker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from charles import topics
from charles.checkpoints.packing import Arrays
from charles.events import Checkpoint, DrivingFrame
from charles.kafka import topic_admin
from charles.kafka.publisher import Publisher
from charles.labels.outputs import parse
from charles.models import architecture, build
from charles.settings import Kafka
from infra.kafka.broker import LocalBroker
from tests.consumers.player.conftest import Player, Trainer
from tests.consumers.player.road import SIZE, constant, speedometer
from tests.kafka_tools import events, kill, read_all
from tests.models.examples import saying
from tests.programs import configure, give, heard

StartPlayer = Callable[..., Player]


def test_it_waits_for_the_first_weights_and_says_so(kafka: Kafka, trainer: Trainer, start_player: StartPlayer) -> None:
    player = start_player(kafka)
    status = player.heard(lambda status: status.state == "waiting")
    assert status.note == "no weights yet of pilot"
    assert player.road.ticks == 0
    trainer.publish(0, constant(0.3))
    player.road.wait_ticks(3)
    assert player.road.values() == [0.3]


def test_newer_weights_wait_for_the_respawn(kafka: Kafka, trainer: Trainer, start_player: StartPlayer) -> None:
    trainer.publish(100, constant(0.1))
    player = start_player(kafka)
    road = player.road
    road.wait_ticks(3)
    trainer.publish(200, constant(0.2))
    status = player.heard(lambda status: status.figures.get("newest") == 200)
    assert status.batch == 100
    assert status.note == "drives with batch 100; batch 200 will be used after the next respawn"
    road.wait_ticks(5)
    assert road.values() == [0.1]

    road.stands = True  # stuck
    road.wait(lambda: road.respawns == 1)
    road.wait_ticks(3)
    by_run = {(respawns, road.value(index)) for index, (respawns, _) in enumerate(road.told)}
    assert by_run == {(0, 0.1), (1, 0.2)}

    road.finished = True  # over
    road.wait(lambda: road.respawns == 2)
    status = player.heard(lambda status: status.figures.get("runs") == 3)
    assert status.batch == 200
    assert status.figures["last_run_m"] < 1000  # the way from one place to the next is not travelled


def test_by_setting_newer_weights_drive_at_once_and_always_as_a_whole(
    kafka: Kafka, trainer: Trainer, start_player: StartPlayer
) -> None:
    trainer.publish(0, constant(0.0))
    road = start_player(kafka, swap="at once").road
    road.wait_ticks(1)
    for step in range(1, 9):
        trainer.publish(step, constant(step / 10))
    road.wait(lambda: road.value() == 0.8)
    assert road.respawns == 0
    values = road.values()  # value() asserts for every tick that both outputs came from one set
    assert values == sorted(values)


def test_damaged_weights_and_those_of_another_architecture_never_drive(
    kafka: Kafka, trainer: Trainer, start_player: StartPlayer
) -> None:
    trainer.publish(100, constant(0.1))
    player = start_player(kafka, swap="at once")
    player.road.wait_ticks(1)
    trainer.publish(200, constant(0.2), architecture="f" * 64)
    player.heard(lambda status: status.figures["refused"] == 1)
    misfit = constant(0.3)
    misfit["steering/bias"] = np.zeros(2, np.float32)
    trainer.publish(300, misfit)  # its manifest lies
    status = player.heard(lambda status: status.figures["refused"] == 2)
    assert (status.batch, status.figures["newest"]) == (100, 100)

    honest = trainer.publish(400, constant(0.4))
    player.road.wait(lambda: player.road.value() == 0.4)
    forger = Publisher(kafka, Checkpoint)  # a newer manifest, for chunks that are not what it says
    forger.send(topics.MODELS, replace(honest, batch=500, sha256="0" * 64), "pilot@500/weights")
    forger.flush()
    player.heard(lambda status: status.figures["refused"] == 3)
    trainer.publish(600, constant(0.6))
    player.road.wait(lambda: player.road.value() == 0.6)
    assert player.road.values() == [0.1, 0.4, 0.6]


def test_every_controller_answers_the_picture_of_its_own_tick(
    kafka: Kafka, trainer: Trainer, start_player: StartPlayer
) -> None:
    trainer.publish(0, speedometer())
    player = start_player(kafka)
    player.road.wait_ticks(40)
    status = player.heard(lambda status: "delay_ticks" in status.figures)
    assert set(player.road.delays) == {0}
    for tick in range(1, 40):
        assert player.road.value(tick) == pytest.approx(0.05 * tick / 50, abs=1e-4)
    assert status.figures["predict_ms_p50"] <= status.figures["predict_ms_p95"]
    assert status.figures["delay_ticks"] <= 1


def test_those_who_watch_see_what_it_saw_and_did(kafka: Kafka, trainer: Trainer, start_player: StartPlayer) -> None:
    trainer.publish(700, constant(0.5))
    player = start_player(kafka, name="player-7", publish_hz=10)
    player.road.wait_ticks(45)
    player.stop()
    frames = events(kafka, topics.DRIVING, DrivingFrame)
    assert {message.key() for message in read_all(kafka, topics.DRIVING)} == {b"player-7"}
    assert 5 <= len(frames) <= 20  # every third tick
    frame = frames[-1]
    assert (frame.player, frame.model, frame.batch) == ("player-7", "pilot", 700)
    assert (frame.predicted_steering, frame.controller_steering) == (0.5, 0.625)
    picture = cv2.imdecode(np.frombuffer(frame.picture, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (*SIZE, 3)
    assert abs(int(picture.mean()) - frame.tick) <= 2  # the Road shows its tick as a shade of grey
    assert frame.speed == pytest.approx(0.05 * frame.tick)


def test_it_drives_on_without_a_broker_and_learns_on_when_it_is_back(
    own_broker: LocalBroker, start_player: StartPlayer
) -> None:
    kafka = Kafka(bootstrap_servers=own_broker.start(detached=False), prefix="alone")
    topic_admin.ensure(kafka)
    Trainer(kafka).publish(100, constant(0.1))
    road = start_player(kafka, swap="at once", publish_hz=30).road
    road.wait_ticks(10)
    kill(own_broker)

    assert road.wait_ticks(90) < 6  # 3 s at 30 Hz: nothing waits for the broker
    own_broker.start(detached=False)
    Trainer(kafka).publish(200, constant(0.2))
    road.wait(lambda: road.value() == 0.2)
    assert road.values() == [0.1, 0.2]


def test_it_follows_the_configuration_and_commands_while_it_drives(
    kafka: Kafka, trainer: Trainer, start_player: StartPlayer
) -> None:
    trainer.publish(100, constant(0.1))
    road = start_player(kafka).road
    road.wait_ticks(3)
    configure(kafka, {"play": {"swap": "at once"}})
    trainer.publish(200, constant(0.2))
    road.wait(lambda: road.value() == 0.2)
    assert road.respawns == 0

    unstuck = give(kafka, "player-1", "unstuck")
    assert heard(kafka, lambda status: status.command == unstuck).outcome == "done"
    assert road.respawns == 1

    give(kafka, "player-1", "pause")
    paused = heard(kafka, lambda status: status.state == "paused")
    assert (paused.batch, "age_s" in paused.figures) == (200, True)
    stood = road.ticks
    give(kafka, "player-1", "resume")
    road.wait(lambda: road.ticks > stood)


def test_weights_for_other_classes_never_drive(kafka: Kafka, trainer: Trainer, start_player: StartPlayer) -> None:
    mine, other = (("acceleration_braking", f"steering:classification({c})") for c in ("-0.5/0/0.5", "-0.6/0/0.6"))
    player = start_player(kafka, swap="at once")
    configure(kafka, {"outputs": mine})
    trainer.publish(100, *speaking(other, acceleration_braking=0.25, steering=2))
    status = player.heard(lambda status: "skipped" in status.note)
    assert status.note == "no weights yet of pilot (skipped 1: architecture)"
    trainer.publish(200, *speaking(mine, acceleration_braking=0.25, steering=2))
    player.road.wait_ticks(2)
    did = player.road.mapping.to_action(player.road.told[-1][1])
    assert (round(did.steering, 4), round(did.acceleration_braking, 4)) == (0.5, 0.25)


def test_a_delta_drives_from_its_own_last_value_and_from_the_games_own_drivers_after_a_respawn(
    kafka: Kafka, trainer: Trainer, start_player: StartPlayer
) -> None:
    outputs = ("acceleration_braking:delta", "steering:delta")
    player = start_player(kafka)
    configure(kafka, {"outputs": outputs})
    trainer.publish(100, *speaking(outputs, acceleration_braking=0, steering=6))
    road = player.road
    road.wait_ticks(6)
    road.finished = True
    road.wait(lambda: road.respawns == 1)
    road.wait_ticks(2)
    did = [(respawns, road.mapping.to_action(controller)) for respawns, controller in road.told]
    first = [action for respawns, action in did if respawns == 0][:5]
    again = [action for respawns, action in did if respawns == 1][:2]
    assert [action.steering for action in first] == pytest.approx([0.3, 0.6, 0.9, 1.0, 1.0])
    assert [action.acceleration_braking for action in first] == pytest.approx([0.7, 0.4, 0.1, -0.2, -0.5])
    assert again == first[:2]


def speaking(texts: tuple[str, ...], **says: float) -> tuple[Arrays, str]:
    """Weights that say this, and the digest of their network."""
    return saying(SIZE, texts, **says), architecture(build("pilot", SIZE, outputs=[parse(text) for text in texts]))


def test_what_is_predicted_no_more_is_driven_by_the_game(
    kafka: Kafka, trainer: Trainer, start_player: StartPlayer
) -> None:
    trainer.publish(100, constant(0.1))
    player = start_player(kafka, swap="at once")
    player.road.wait_ticks(3)
    configure(kafka, {"outputs": ["steering"]})
    player.heard(lambda status: status.state == "waiting")  # for weights of the other network
    alone = build("pilot", SIZE, outputs=[parse("steering")])
    weights = {name: array for name, array in constant(0.3).items() if "acceleration_braking" not in name}
    trainer.publish(200, weights, architecture(alone))
    player.heard(lambda status: status.state == "running" and status.batch == 200)
    action = player.road.mapping.to_action(player.road.told[-1][1])
    assert action.steering == pytest.approx(0.3)
    assert action.acceleration_braking == player.road.drive().acceleration_braking
