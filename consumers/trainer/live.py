"""A trainer on topics: its lives, one after the other."""

from __future__ import annotations

import logging
from contextlib import ExitStack, closing
from functools import partial

from confluent_kafka import KafkaException

from charles import topics
from charles.avro.codec import SchemaUnavailable
from charles.base.pictures import Size
from charles.base.shutdown import Stop, TakenOver
from charles.base.tensorflow_import import loading_tensorflow
from charles.control.link import Link
from charles.events import TrainingStep
from charles.kafka import errors, topic_admin
from charles.kafka.clients import BrokerUnavailable
from charles.kafka.dead_letters import DeadLetters
from charles.kafka.publisher import Publisher
from charles.kafka.transactions import BrokenTransaction, Fenced, NotCommitted
from charles.labels.outputs import described
from charles.settings import Settings
from consumers.trainer import resume
from consumers.trainer.checkpointer import Checkpointer
from consumers.trainer.interfaces import TrainingInterfaces
from consumers.trainer.player_status import PlayerStatus
from consumers.trainer.sample_intake import SampleShape
from consumers.trainer.topic_feed import TopicFeed

log = logging.getLogger(__name__)

_PAUSE_S = 1.0
_PASSING = (BrokerUnavailable, BrokenTransaction, NotCommitted, SchemaUnavailable, TimeoutError, KafkaException)
"""What another life may not meet; of Kafka's own errors those that say that no broker answers."""


def main(settings: Settings) -> None:
    """Train the configuration's model until told to stop.

    Raises BrokerUnavailable when no broker answers at the start, CannotResume, and TakenOver once another trainer of
    the same model has started.
    """
    stop = Stop()
    topic_admin.ensure(settings.kafka)
    with Link(
        settings, "trainer", settings.trainer.name, stop, verbs=("checkpoint",), restart_key=_restart_key
    ) as link:
        while not link.stopped:
            link.begin()
            try:
                train(link)
            except Fenced:
                model = link.settings.trained_model
                raise TakenOver(f"another trainer of the model {model} has started; stopping this one") from None
            except _PASSING as reason:
                if isinstance(reason, KafkaException) and not errors.unavailable(reason.args[0]):
                    raise
                log.warning("restarting from the last checkpoint: %s", reason)
                stop(_PAUSE_S)
                link.wait_for_broker()


def _restart_key(settings: Settings) -> object:
    config = settings.config
    sets = config.balance.version, config.balance.frames
    return settings.trained_model, [described(output) for output in config.predicted], sets, config.train


def train(link: Link) -> None:
    """Train until this life of the program is over. Raises as main() does, and Fenced."""
    kafka, model, config = link.settings.kafka, link.settings.trained_model, link.settings.config
    with ExitStack() as opened:
        checkpointer = opened.enter_context(closing(Checkpointer(kafka, model, config.train.keep_checkpoints)))
        picture = _picture_size(link)
        if picture is None:
            return
        with loading_tensorflow():  # it takes seconds: not before there is work
            from consumers.trainer.console_and_tensorboard import Scalars, TrainingConsole
            from consumers.trainer.training_loop import Training

        dead_letters = DeadLetters(kafka, "trainer")
        opened.callback(dead_letters.flush, 1.0)
        steps = Publisher(kafka, TrainingStep, **link.process.measured())
        opened.callback(steps.flush, 1.0)
        players = opened.enter_context(closing(PlayerStatus(kafka)))
        scalars = opened.enter_context(closing(Scalars(link.settings.trainer.tensorboard / model)))
        feed = opened.enter_context(
            closing(TopicFeed(kafka, model, SampleShape.of(link.settings, picture), dead_letters))
        )
        tell = partial(steps.send_or_drop, topics.TRAINING, key=model)
        ends = TrainingInterfaces(feed, checkpointer, tell, scalars, TrainingConsole())
        training = opened.enter_context(closing(Training(link.settings, picture, ends)))
        if training.begin(link, resume.load(kafka, resume.states(kafka, model))):
            training.run(link, lambda: players.driving(model))


def _picture_size(link: Link) -> Size | None:
    """The size of the pictures, once there is one; None when this life is over before.

    Raises CannotResume where the model was trained on others.
    """
    kafka, model = link.settings.kafka, link.settings.trained_model
    states = resume.states(kafka, model)
    trained = (states[0].picture_width, states[0].picture_height) if states else None
    while not link.should_end():
        found = resume.picture_size(kafka) or trained
        if found is not None and trained is not None and found != trained:
            raise resume.CannotResume(
                f"{model} was trained on pictures of {trained[0]}x{trained[1]}, but they are "
                f"{found[0]}x{found[1]} now; train under another name: charles config set train.model=NAME"
            )
        if found is not None:
            return found
        link.beat("waiting", note="no pictures yet", model=model)
        link.should_end(0.5)
    return None
