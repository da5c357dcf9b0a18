"""The balancer: joins frames and controls, keeps the history, balances, and writes whole sets, exactly once.

charles balance
"""

from __future__ import annotations

import logging
import time
from contextlib import closing

from confluent_kafka import KafkaException

from charles.base.shutdown import Stop
from charles.control.link import Link
from charles.kafka import topic_admin
from charles.kafka.clients import admin
from charles.kafka.topic_admin import WrongTopics
from charles.settings import Settings
from stream_jobs.balancer.session import SESSION_S, BalancerSession, StartOver

log = logging.getLogger(__name__)

_PAUSE_S = 1.0


def main(settings: Settings) -> None:
    """Balance until told to stop. Raises BrokerUnavailable and TakenOver, and WrongTopics where topics are wrong at the
    start; when somebody makes them so under way, it waits until they are mended."""
    stop = Stop()
    topic_admin.ensure(settings.kafka)
    with Link(settings, "balancer", settings.balancer.name, stop, restart_key=_restart_key) as link:
        while not link.stopped:
            try:
                with closing(BalancerSession(link.begin(), link)) as session:
                    session.run()
            except WrongTopics as reason:
                _wait_until_mended(link, str(reason))
            except (StartOver, TimeoutError) as reason:  # the latter while a session begins
                log.warning("restarting from the last transaction: %s", reason)
                stop(_PAUSE_S)
                link.wait_for_broker()


def _wait_until_mended(link: Link, wrong: str) -> None:
    """Return once partitions that somebody added to one topic are added to the others too, or this life is over.

    Not before the group has forgotten this member: one that comes back sooner is given what it had before.
    """
    kafka, told, forgotten = link.settings.kafka, "", time.monotonic() + SESSION_S + _PAUSE_S
    while not link.should_end():
        if wrong != told:
            log.error("balancing is stopped until this is fixed: %s", wrong)
            told = wrong
        link.beat("waiting", note=wrong)
        link.should_end(_PAUSE_S)
        link.wait_for_broker()
        try:
            topic_admin.check_join(kafka, topic_admin.partition_counts(admin(kafka)))
        except WrongTopics as reason:
            wrong = str(reason)
        except KafkaException as reason:
            log.info("the topics cannot be checked: %s", reason.args[0].str())
        else:
            if time.monotonic() > forgotten:
                log.info("the topics are fixed; balancing continues")
                return


def _restart_key(settings: Settings) -> object:
    return settings.config.outputs, settings.config.balance
