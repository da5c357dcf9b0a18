"""The annotator writes what happens onto Grafana's dashboards: checkpoints, lines, periods of training, changes of the
configuration, alarms, deaths and dead letters, each at its own time.

It reads four topics from their start, so that it knows what was before, but tells only what lies behind its committed
offsets. While Grafana is away it waits, and nothing is lost; what Grafana has already is not written again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from charles.settings import Settings

if TYPE_CHECKING:
    from charles.control.link import Link
    from infra.grafana.client import Annotation, Api

log = logging.getLogger(__name__)

_TURN_S = 0.25
_AGAIN_S = 1.0


def main(settings: Settings) -> None:
    """Annotate until told to stop.

    Raises BrokerUnavailable where no broker answers at the start, GrafanaRefused where Grafana refuses, ConfigError
    where nobody said who asks it.
    """
    from charles.base.shutdown import Stop
    from charles.control.link import Link
    from charles.kafka import topic_admin
    from infra.grafana.client import Api

    stop, grafana = Stop(), Api(settings.grafana)
    topic_admin.ensure(settings.kafka)
    with Link(settings, "annotator", settings.annotator.name, stop) as link:
        while not link.stopped:
            link.begin()
            annotate(grafana, link)


def annotate(grafana: Api, link: Link) -> None:
    """Tell what happens until this life of the program is over. Raises GrafanaRefused."""
    from contextlib import closing

    from consumers.annotator.feed import AnnotatorFeed
    from consumers.annotator.story import Story

    story = Story()
    link.wait_for_broker()
    with closing(AnnotatorFeed(link.settings.kafka)) as feed:
        while not link.should_end():
            link.beat("paused" if link.paused else "running")
            if link.paused:
                link.should_end(_TURN_S)
                continue
            record = feed.next(_TURN_S)
            if record is None:
                continue
            annotations = story.take(record.offset, record.event)
            if feed.is_new(record) and all(_written(grafana, one, link) for one in annotations):
                feed.done(record, told=bool(annotations))


def _written(grafana: Api, annotation: Annotation, link: Link) -> bool:
    """Write an annotation, however long Grafana is away; False when this life was over before."""
    from infra.grafana.client import GrafanaAway

    away = False
    while not link.should_end():
        try:
            grafana.annotate(annotation)
        except GrafanaAway as problem:
            if not away:
                log.warning("%s; events are queued until Grafana answers", problem)
            away = True
            link.beat("waiting", note=f"for Grafana: {problem}")
            link.should_end(_AGAIN_S)
        else:
            if away:
                log.info("Grafana answers again")
            link.rate.add()
            return True
    return False
