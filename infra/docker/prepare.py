"""Makes the topics and, for a pipeline that nobody has configured yet, its first configuration: a demo's figures for
CHARLES_DEMO__MINUTES, so that it learns in minutes rather than in hours.

    python -m infra.docker.prepare
"""

from __future__ import annotations

import typer

from charles.cli.run_command import clear_errors, load_settings
from charles.config import changed
from charles.control import config_topic
from charles.demo.preset import preset
from charles.kafka import topic_admin
from charles.settings import Settings


def main() -> None:
    """Prepare the cluster."""
    with clear_errors():
        prepare(load_settings())


def prepare(settings: Settings) -> None:
    """Raises what the cluster has to say against it."""
    topic_admin.ensure(settings.kafka)
    topic_admin.apply(settings.kafka)
    if config_topic.read(settings.kafka).newest.number == config_topic.DEFAULTS:
        minutes = settings.demo.minutes
        config_topic.put(settings.kafka, lambda config: changed(config, preset(config, minutes)))


if __name__ == "__main__":
    typer.run(main)
