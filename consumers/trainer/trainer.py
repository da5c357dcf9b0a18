"""The trainer's loop: take in what arrived, draw, learn, publish."""

from __future__ import annotations

import logging
from contextlib import closing

from charles import topic_admin
from charles.control import Heartbeat
from charles.quiet import loading_tensorflow
from charles.settings import ConfigError, Settings
from charles.stopping import Stop, TakenOver
from charles.transactions import Fenced
from consumers.trainer import resuming
from consumers.trainer.pictures import Size
from consumers.trainer.publishing import Checkpointer

log = logging.getLogger(__name__)


def main(settings: Settings) -> None:
    """Train settings.train.model until told to stop.

    Raises BrokerUnavailable when no broker answers at the start, ConfigError, CannotResume, and TakenOver once another
    trainer of the same model has started.
    """
    stop = Stop()
    check(settings)
    topic_admin.ensure(settings.kafka)
    try:
        with Heartbeat(settings.kafka, "trainer", f"trainer-{settings.train.model}") as heartbeat:
            train(settings, heartbeat, stop)
    except Fenced:
        told = f"another trainer of the model {settings.train.model} has started; this one ends"
        raise TakenOver(told) from None


def check(settings: Settings) -> None:
    """Raise ConfigError for buffers that could never give a batch."""
    train = settings.train
    if train.batch // 2 > train.keep_full * train.buffer:
        raise ConfigError(
            f"train.buffer: {train.batch // 2} samples of each buffer make a batch, and {train.keep_full:g} of "
            f"{train.buffer} are fewer"
        )


def train(settings: Settings, heartbeat: Heartbeat, stop: Stop) -> None:
    """As main(), with a heartbeat."""
    with closing(Checkpointer(settings.kafka, settings.train.model, settings.train.keep_checkpoints)) as checkpointer:
        picture = _picture_size(settings, heartbeat, stop)
        if picture is None:
            return
        with loading_tensorflow():  # it takes seconds: not before there is work
            from consumers.trainer.training import Training

        with closing(Training(settings, picture, checkpointer)) as training:
            if not training.begin(heartbeat, stop):
                return
            while not stop():
                training.take_in()
                if training.draw():
                    continue  # until enough are ahead: they are decoded beside the step
                if not training.learn():
                    stop(0.02)
                training.checkpoint_if_due()
                training.tell(heartbeat)
            training.finish()


def _picture_size(settings: Settings, heartbeat: Heartbeat, stop: Stop) -> Size | None:
    """The size of the pictures, once there is one; None when told to stop before.

    Raises CannotResume where the model was trained on others.
    """
    states = resuming.states(settings.kafka, settings.train.model)
    trained = (states[0].picture_width, states[0].picture_height) if states else None
    while not stop():
        found = resuming.picture_size(settings.kafka) or trained
        if found is not None and trained is not None and found != trained:
            raise resuming.CannotResume(
                f"{settings.train.model} was trained on pictures of {trained[0]}x{trained[1]}, now they are "
                f"{found[0]}x{found[1]}; train under another name: train.model"
            )
        if found is not None:
            return found
        heartbeat.beat("waiting", note="no pictures yet")
        stop(0.5)
    return None
