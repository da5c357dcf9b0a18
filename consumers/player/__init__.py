"""The player drives with the newest weights while they are still being learned.

It follows the model topic, fetches new weights in the background and swaps them where a run ends (or at once, as the
configuration's `play.swap` says), predicts and acts within the tick of the picture, and publishes what it sees and
does.
"""

from __future__ import annotations

from charles.labels.outputs import described
from charles.settings import Settings


def main(settings: Settings) -> None:
    """Drive until told to stop.

    Raises BrokerUnavailable where no broker answers at the start, ValueError for an unknown game or line.
    """
    import os
    from contextlib import closing

    import cv2

    from charles.base.shutdown import Stop
    from charles.base.tensorflow_import import loading_tensorflow
    from charles.control.link import Link
    from charles.games.game import open_game
    from charles.kafka import topic_admin

    stop = Stop()
    cv2.setNumThreads(1)  # a picture is too small to be worth sharing, and the cores have other work
    for threads in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(threads, "1")  # TensorFlow reads them when it is imported
    topic_admin.ensure(settings.kafka)
    with Link(settings, "player", settings.player.name, stop, verbs=("unstuck",), restart_key=_restart_key) as link:
        with loading_tensorflow():  # it takes seconds, in which everybody can see that a player is starting
            from consumers.player.loop import play

        while not link.stopped:
            link.begin()
            with closing(open_game(link.settings.driven_game, settings.player.seed)) as game:
                play(game, link)


def _restart_key(settings: Settings) -> object:
    config = settings.config
    network = config.train.line, [described(output) for output in config.predicted], config.balance.frames
    return settings.driven_game, settings.driven_model, network, config.unstuck
