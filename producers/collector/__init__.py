"""The collector: drives one game with the game's own driver and publishes frames and controls."""

from __future__ import annotations

from charles.settings import Settings


def main(settings: Settings) -> None:
    """Publish a Frame and a Control for every tick, 30 times a second, until stopped.

    Raises BrokerUnavailable and WrongTopics where nothing can be published, ValueError for an unknown game.
    """
    import functools

    import cv2

    from charles.base.shutdown import Stop
    from charles.control.link import Link
    from charles.games.game import open_game
    from charles.kafka import topic_admin
    from producers.collector.loop import collect

    stop = Stop()
    cv2.setNumThreads(1)  # several collectors share the cores; one picture is too small to be worth sharing
    topic_admin.ensure(settings.kafka)
    with Link(settings, "collector", settings.collector.name, stop, verbs=("unstuck",), restart_key=_game) as link:
        while not link.stopped:
            collect(functools.partial(open_game, _game(link.begin())), link)


def _game(settings: Settings) -> str:
    return settings.collected_game
