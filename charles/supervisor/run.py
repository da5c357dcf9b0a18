"""`charles run`: runs programs of a pipeline on this machine."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Sequence

from charles.base import logs
from charles.base.shutdown import Stop
from charles.config import changed
from charles.control import config_topic
from charles.kafka import topic_admin
from charles.settings import Settings
from charles.supervisor.instances import Plan, children, planned
from charles.supervisor.log_forwarder import LogForwarder
from charles.supervisor.prometheus_targets import listed
from charles.supervisor.status_publisher import PROGRAM, StatusPublisher
from charles.supervisor.supervisor import Supervisor

log = logging.getLogger(__name__)

_TURN_S = 0.1


class GaveUp(RuntimeError):
    """No program is left running, although none was asked to stop."""


def run(settings: Settings, plan: Plan, changes: Sequence[str] = (), *, quiet: bool = False) -> None:
    """Keep the programs of the plan running until told to stop, or until all were.

    changes: of the configuration, such as balance.bins=11, before anything starts. quiet: only what died is told.
    Raises GaveUp, ConfigError, OSError where no log can be written; with changes also BrokerUnavailable.
    """
    instance = settings.run.name or f"{PROGRAM}-{socket.gethostname()}-{os.getpid()}"
    logs.set_up(settings.logs, settings.redactor, PROGRAM, instance)
    if changes:
        topic_admin.ensure(settings.kafka)
        config_topic.put(settings.kafka, lambda config: changed(config, changes))
    stop = Stop(second_ends=False)
    name, folder = settings.run.name, settings.run.folder
    programs = children(settings, plan, name, folder)
    log.info("%s; logs in %s; Ctrl-C stops them", ", ".join(one.name for one in programs), folder)
    forward = None if quiet else LogForwarder().forward
    with (
        listed(planned(settings, plan, name), folder, name, _broker_port(settings)),
        Supervisor(programs, StatusPublisher(settings.kafka, instance, stop), stop, log.warning, forward) as supervisor,
    ):
        while supervisor.busy and not stop(_TURN_S):
            supervisor.look()
        if stop():
            log.info("stopping all programs; press Ctrl-C to stop faster")
    if supervisor.gave_up:
        raise GaveUp("a program ended because another instance has taken over: see its log")


def _broker_port(settings: Settings) -> int | None:
    """Where the broker of this machine offers its figures, if it is the one in use."""
    return None if settings.external_cluster else settings.broker.metrics_port
