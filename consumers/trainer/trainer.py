"""The trainer's loop: take in what arrived, draw, learn, publish."""

from __future__ import annotations

import logging
from contextlib import closing

from confluent_kafka import KafkaException

from charles import topic_admin
from charles.control import Link
from charles.kafka import AWAY, BrokerUnavailable
from charles.outputs import described
from charles.quiet import loading_tensorflow
from charles.settings import Settings
from charles.stopping import Stop, TakenOver
from charles.transactions import Fenced, NotCommitted
from consumers.trainer import resuming
from consumers.trainer.offer import part
from consumers.trainer.pictures import Size
from consumers.trainer.players import Players
from consumers.trainer.publishing import Checkpointer

log = logging.getLogger(__name__)

_PAUSE_S = 1.0


def main(settings: Settings) -> None:
    """Train the configuration's model until told to stop.

    Raises BrokerUnavailable when no broker answers at the start, CannotResume, and TakenOver once another trainer of
    the same model has started.
    """
    stop = Stop()
    topic_admin.ensure(settings.kafka)
    with Link(settings, "trainer", settings.trainer.name, stop, verbs=("checkpoint",), concerns=_concerns) as link:
        while not link.stopped:
            link.begin()
            try:
                train(link)
            except Fenced:
                model = link.settings.trained_model
                raise TakenOver(f"another trainer of the model {model} has started; this one ends") from None
            except (BrokerUnavailable, NotCommitted, TimeoutError, KafkaException) as reason:
                if isinstance(reason, KafkaException) and reason.args[0].code() not in AWAY:
                    raise
                log.warning("starting over from the last checkpoint: %s", reason)
                stop(_PAUSE_S)
                link.wait_for_broker()


def _concerns(settings: Settings) -> object:
    config = settings.config
    sets = config.balance.version, config.balance.frames
    return settings.trained_model, [described(output) for output in config.predicted], sets, config.train


def train(link: Link) -> None:
    """Train until this life of the program is over. Raises as main() does, and Fenced."""
    kafka, config = link.settings.kafka, link.settings.config
    with closing(Checkpointer(kafka, link.settings.trained_model, config.train.keep_checkpoints)) as checkpointer:
        picture = _picture_size(link)
        if picture is None:
            return
        with loading_tensorflow():  # it takes seconds: not before there is work
            from consumers.trainer.training import Training

        with closing(Training(link.settings, picture, checkpointer)) as training, closing(Players(kafka)) as players:
            if not training.begin(link):
                return
            while not link.over():
                training.take_in()
                if not link.paused and training.draw():
                    continue  # until enough are ahead: they are decoded beside the step
                if not training.learn():
                    with part("wait"):
                        link.over(0.02)
                training.checkpoint_if_due(link)
                training.tell(link, players)
            training.finish()


def _picture_size(link: Link) -> Size | None:
    """The size of the pictures, once there is one; None when this life is over before.

    Raises CannotResume where the model was trained on others.
    """
    kafka, model = link.settings.kafka, link.settings.trained_model
    states = resuming.states(kafka, model)
    trained = (states[0].picture_width, states[0].picture_height) if states else None
    while not link.over():
        found = resuming.picture_size(kafka) or trained
        if found is not None and trained is not None and found != trained:
            raise resuming.CannotResume(
                f"{model} was trained on pictures of {trained[0]}x{trained[1]}, now they are {found[0]}x{found[1]}; "
                "train under another name: charles config set train.model=NAME"
            )
        if found is not None:
            return found
        link.beat("waiting", note="no pictures yet", model=model)
        link.over(0.5)
    return None
