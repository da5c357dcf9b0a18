"""Writes jars.txt and agent.txt again: `python -m infra.kafka.pin_jars`, after a change of the coordinates below.

Resolves every root on its own: resolved together, the BOM in log4j's parent would manage Kafka's
versions too (and replace kafka-clients 4.3.1 by 3.9.1).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jgo.parse import Coordinate

from infra.kafka.jars import AGENT_FILE, JARS_FILE, Jar, download, maven_context

KAFKA = "4.3.1"
ROOTS = (
    f"org.apache.kafka:kafka_2.13:{KAFKA}",
    f"org.apache.kafka:kafka-tools:{KAFKA}",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",
)
AGENT = "io.prometheus.jmx:jmx_prometheus_javaagent:1.0.1"
"""The Prometheus JMX exporter, with all that it needs inside."""
LEFT_OUT_JARS = (("org.apache.kafka", "connect-runtime"),)
"""Kafka Connect: half of kafka-tools' dependencies (Jetty, Jersey), and nothing here uses it."""

HEADER = """\
# {what}: SHA-256, bytes, group:artifact:version.
# Written by `python -m infra.kafka.pin_jars`; read by infra/kafka/jars.py, which refuses any other content.
"""


def main() -> None:
    """Resolve the roots, download every jar of theirs, and write coordinates and sums."""
    _pin(ROOTS, "Every jar of the local broker", JARS_FILE)
    _pin((AGENT,), "What measures the broker", AGENT_FILE)


def _pin(coordinates: Sequence[str], what: str, file: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        context = maven_context(Path(folder))
        found: dict[tuple[str, str], Jar] = {}
        for root in coordinates:
            exclusions = [context.project(*each) for each in LEFT_OUT_JARS]
            coordinate = replace(Coordinate.parse(root), scope="compile")
            roots, others = context.resolver.resolve([context.create_dependency(coordinate, exclusions)])
            for dependency in [*roots, *(each for each in others if each.scope in ("compile", "runtime"))]:
                artifact = dependency.artifact
                content = download(artifact).read_bytes()
                jar = Jar(
                    sha256=hashlib.sha256(content).hexdigest(),
                    size=len(content),
                    group=artifact.groupId,
                    artifact=artifact.artifactId,
                    version=artifact.version,
                )
                found.setdefault((jar.group, jar.artifact), jar)
    lines = [f"{jar.sha256} {jar.size:>8} {jar.group}:{jar.artifact}:{jar.version}" for _, jar in sorted(found.items())]
    file.write_text(HEADER.format(what=what) + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
