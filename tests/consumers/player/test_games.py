"""The player with the real games: the labels are what the car did, and the program drives and stops."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import cv2
import keras
import numpy as np
import pytest

from charles import topics
from charles.checkpoints.identity import WEIGHTS, ModelIdentity
from charles.checkpoints.publish import publish
from charles.checkpoints.publish import publisher as publisher_of
from charles.events import Control, DrivingFrame, Status, now
from charles.games.game import Action, open_game
from charles.kafka.clients import consumer, name
from charles.kafka.schemas import SchemaStore
from charles.kafka.transactions import join, transaction
from charles.models import architecture, build, get_weights
from charles.settings import Kafka
from tests.kafka_tools import events
from tests.programs import running, stop

CAR_RACING = (84, 96)


@pytest.mark.parametrize("game", ["city", "carracing"])
def test_an_npcs_labels_through_the_players_mapping_reproduce_its_drive(game: str) -> None:
    npc, player = (open_game(game, 1_000_003) for _ in range(2))
    for tick in range(120):
        did = npc.drive()
        pedals = did.acceleration_braking
        label = Control(
            "c", "r", tick, now(), max(pedals, 0.0), max(-pedals, 0.0), did.steering, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        )  # fmt: skip
        npc.act(npc.mapping.to_controller(did))
        player.drive()  # asked once a tick, whoever has the wheel
        player.act(player.mapping.to_controller(Action(label.steering, label.acceleration_braking)))
    assert player.observe().telemetry == npc.observe().telemetry
    assert npc.observe().telemetry.speed > 1
    np.testing.assert_array_equal(player.observe().hood, npc.observe().hood)


def test_the_program_drives_a_game_somebody_else_wrote_until_it_is_told_to_stop(kafka: Kafka) -> None:
    keras.utils.set_random_seed(1)
    model = build("pilot", CAR_RACING)
    trainer = publisher_of(kafka, "pilot")
    join(trainer)
    with transaction(trainer):
        who = ModelIdentity("pilot", "pilot", architecture(model), picture=CAR_RACING[::-1])
        publish(trainer, who, WEIGHTS, 5, get_weights(model))
    with running("play", kafka, player={"game": "carracing"}) as program:
        frame = next(frame for frame in _driving(kafka, program) if frame.tick > 45)
        stop(program)
    assert (frame.player, frame.model, frame.batch) == ("player-1", "pilot", 5)
    assert cv2.imdecode(np.frombuffer(frame.picture, np.uint8), cv2.IMREAD_COLOR).shape == (*CAR_RACING, 3)
    states = [status.state for status in events(kafka, topics.STATUS, Status)]
    assert (states[0], states[-1]) == ("starting", "stopped")
    assert "running" in states


def _driving(kafka: Kafka, program: subprocess.Popen[bytes]) -> Iterator[DrivingFrame]:
    """DrivingFrames as they come, while the program runs."""
    reader = consumer(kafka, "test-watch")
    reader.subscribe([name(kafka, topics.DRIVING)])
    schemas = SchemaStore(kafka)
    while program.poll() is None:
        message = reader.poll(0.5)
        if message is not None and message.error() is None:
            yield schemas.decode(DrivingFrame, message.value())
