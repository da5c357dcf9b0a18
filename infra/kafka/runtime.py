"""What runs Kafka: a Java, the jars, and the command line that they make."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

BROKER_LOG4J = Path(__file__).with_name("log4j2.properties")
TOOLS_LOG4J = Path(__file__).with_name("log4j2-tools.properties")

JVM = (
    # One small heap beside a trainer on two cores: the serial collector and the first compiler alone cost least.
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    # Java's warnings would go to where the tools print their answers.
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
)


@dataclass(frozen=True)
class Runtime:
    """A Java, Kafka's class path and version, and, where there is one, the AOT cache that makes starts quick."""

    java: Path
    jars: tuple[Path, ...]
    version: str
    aot_cache: Path | None = None

    def command(self, main_class: str, *args: str, jvm: tuple[str, ...] = (), log: Path | None = None) -> list[str]:
        """The command line that runs main_class, with more options for Java; without a log, warnings go to stderr."""
        # A cache that is missing or does not fit is passed over by Java, with a warning only.
        aot = (f"-XX:AOTCache={self.aot_cache}",) if self.aot_cache else ()
        classpath = os.pathsep.join(map(str, self.jars))
        logging = [f"-Dlog4j2.configurationFile={(BROKER_LOG4J if log else TOOLS_LOG4J).as_uri()}"]
        if log:
            logging.append(f"-Dcharles.kafka.log={log}")
        return [str(self.java), *JVM, *aot, *logging, *jvm, "-cp", classpath, main_class, *args]
