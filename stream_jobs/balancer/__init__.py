"""The balancer: joins frames and controls, keeps the history, balances, and writes whole sets, exactly once.

charles balance
"""

from __future__ import annotations

import logging
from contextlib import closing

from charles import metrics, topic_admin
from charles.control import Link
from charles.settings import Settings
from charles.stopping import Stop
from stream_jobs.balancer.session import Session, StartOver

log = logging.getLogger(__name__)

_PAUSE_S = 1.0


def main(settings: Settings) -> None:
    """Balance until told to stop. Raises BrokerUnavailable, WrongTopics, and TakenOver."""
    stop = Stop()
    topic_admin.ensure(settings.kafka)
    with (
        metrics.served(settings.metrics) as registry,
        Link(settings, "balancer", settings.balancer.name, stop, concerns=_concerns) as link,
    ):
        offered = metrics.Balancer(registry) if settings.metrics.port else None
        while not link.stopped:
            try:
                with closing(Session(link.begin(), link, offered)) as session:
                    session.run()
            except (StartOver, TimeoutError) as reason:  # the latter while a session begins
                log.warning("starting over from the last transaction: %s", reason)
                stop(_PAUSE_S)
                link.wait_for_broker()


def _concerns(settings: Settings) -> object:
    return settings.config.outputs, settings.config.balance
