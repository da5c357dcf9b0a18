"""The balancer: joins frames and controls, keeps the history, balances, and writes whole sets, exactly once.

charles balance
"""

from __future__ import annotations

import logging

from charles import topic_admin
from charles.control import Heartbeat
from charles.settings import Settings
from charles.stopping import Stop
from stream_jobs.balancer.session import Session, StartOver

log = logging.getLogger(__name__)

_PAUSE_S = 1.0


def main(settings: Settings) -> None:
    """Balance until told to stop. Raises BrokerUnavailable, WrongTopics, and TakenOver."""
    stop = Stop()
    topic_admin.ensure(settings.kafka)
    with Heartbeat(settings.kafka, "balancer", settings.balance.name) as heartbeat:
        while not stop():
            session = Session(settings, stop, heartbeat)
            try:
                session.run()
            except StartOver as reason:
                log.warning("starting over from the last transaction: %s", reason)
                stop(_PAUSE_S)
            finally:
                session.close()
