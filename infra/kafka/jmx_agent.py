"""The Prometheus JMX exporter: a Java agent in the broker that offers the broker's figures, those of jmx.yml.

python -m infra.kafka.jmx_agent FOLDER      puts it there with jmx.yml, for a broker that somebody else starts, with
                                        KAFKA_OPTS=-javaagent:FOLDER/jmx_prometheus_javaagent.jar=PORT:FOLDER/jmx.yml
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from infra.kafka import Progress, no_progress
from infra.kafka.jars import AGENT_FILE, cached_jars, pinned
from infra.kafka.ports import LOOPBACK

RULES = Path(__file__).with_name("jmx.yml")


def option(port: int, cache: Path, progress: Progress = no_progress) -> str:
    """The option that makes Java offer the figures on this port of loopback; the jar is kept in the folder `cache`.

    Raises BrokerError where the jar cannot be had.
    """
    (jar,) = cached_jars(cache, pinned(AGENT_FILE), progress)
    return f"-javaagent:{jar}={LOOPBACK}:{port}:{RULES}"


def put(folder: Path) -> None:
    """Put the agent into a folder, under a name without a version, and its rules. Raises BrokerError, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    (agent,) = pinned(AGENT_FILE)
    with tempfile.TemporaryDirectory() as private:
        (jar,) = cached_jars(Path(private), [agent])
        shutil.copy(jar, folder / f"{agent.artifact}.jar")
    shutil.copy(RULES, folder)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("name a folder: python -m infra.kafka.jmx_agent FOLDER")
    put(Path(sys.argv[1]))
