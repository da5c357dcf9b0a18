"""Kafka's jars: pinned in jars.txt, fetched by jgo, checked against their SHA-256 sums at every start; and the agent
that measures the broker, in agent.txt."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from infra.kafka import BrokerError, Progress, no_progress

if TYPE_CHECKING:
    from jgo.maven import Artifact, MavenContext

JARS_FILE = Path(__file__).with_name("jars.txt")
AGENT_FILE = Path(__file__).with_name("agent.txt")
DOWNLOADS_AT_ONCE = 6
RETRY_PAUSES_S = (0.5, 2.0, 5.0)
"""Between the attempts at one jar; after the last the network is called broken."""
PINNED_TIME_S = 1_700_000_000
"""The modification time of every jar in the cache, seconds since 1970."""


@dataclass(frozen=True)
class Jar:
    """One line of jars.txt; size in bytes."""

    sha256: str
    size: int
    group: str
    artifact: str
    version: str

    @property
    def name(self) -> str:
        """The file's name, as Maven and Kafka's own libs folder call it."""
        return f"{self.artifact}-{self.version}.jar"

    def is_whole(self, folder: Path) -> bool:
        """Whether folder holds this jar with the pinned size and sum."""
        path = folder / self.name
        try:
            if path.stat().st_size != self.size:
                return False
            return hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256
        except OSError:
            return False


def pinned(file: Path = JARS_FILE) -> list[Jar]:
    """The jars that a file lists, in its order, which for jars.txt is the order of the class path."""
    jars = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            sha256, size, coordinate = line.split()
            group, artifact, version = coordinate.split(":")
            jars.append(Jar(sha256, int(size), group, artifact, version))
    return jars


def cached_jars(folder: Path, jars: list[Jar], progress: Progress = no_progress) -> list[Path]:
    """Paths of the jars in folder, all of them whole.

    What is missing or damaged is downloaded first; progress counts bytes then, and is silent otherwise.
    Raises BrokerError where a jar cannot be had or has another content than the pinned one.
    """
    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        whole = list(pool.map(lambda jar: jar.is_whole(folder), jars))
        wanted = [jar for jar, is_whole in zip(jars, whole, strict=True) if not is_whole]
        if wanted:
            fetch = _Fetch(folder, sum(jar.size for jar in wanted), progress)
            # A list, so that the first failure is raised here.
            list(pool.map(fetch, wanted))
    return [folder / jar.name for jar in jars]


def maven_context(repository: Path, on_bytes: Callable[[int], None] | None = None) -> MavenContext:
    """jgo's resolver, with the mirrors of the user's jgo settings first.

    repository: where jgo puts what it downloads. on_bytes: told the size of every chunk that arrives.
    """
    from jgo import MAVEN_CENTRAL_URL
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext, PythonResolver

    @contextmanager
    def count(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield on_bytes or (lambda _count: None)

    mirrors = dict(GlobalSettings.load().repositories)
    mirrors.setdefault("central", MAVEN_CENTRAL_URL)
    return MavenContext(
        PythonResolver(progress_callback=count), repo_cache=repository, remote_repos=mirrors, timeout=30
    )


def download(artifact: Artifact) -> Path:
    """The file of a Maven artifact, fetched by jgo; a server that refuses or breaks off is asked again."""
    for pause in (*RETRY_PAUSES_S, None):
        try:
            return Path(artifact.resolve())
        except (OSError, RuntimeError) as error:
            # The network's exceptions (requests') are OSErrors without a number; the disk's have one.
            if isinstance(error, OSError) and error.errno is not None:
                raise
            if pause is None:
                raise BrokerError(
                    f"cannot download {artifact.filename}: check the network, or set KAFKA_HOME to an installed Kafka "
                    f"or KAFKA_BOOTSTRAP_SERVERS to a running cluster"
                ) from error
            if artifact.cached_path is not None:
                artifact.cached_path.unlink(missing_ok=True)
            time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


class _Fetch:
    """Downloads one jar after the other into a folder, and counts their bytes together."""

    def __init__(self, folder: Path, total: int, progress: Progress) -> None:
        self._folder = folder
        self._total = total
        self._progress = progress
        self._done = 0
        self._lock = Lock()

    def __call__(self, jar: Jar) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # A folder of its own and a rename: another start at the same time never sees half a jar.
            with tempfile.TemporaryDirectory(dir=self._folder, prefix="fetch-") as private:
                path = self._download(jar, Path(private))
                if not jar.is_whole(path.parent):
                    raise BrokerError(
                        f"{jar.name} was downloaded, but its SHA-256 differs from the pinned one: something between "
                        f"here and the Maven repository changes files. The file was deleted"
                    )
                # Java's AOT cache remembers the jars' times: a jar fetched again shall not make it useless.
                os.utime(path, (PINNED_TIME_S, PINNED_TIME_S))
                path.replace(self._folder / jar.name)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise BrokerError(
                    f"no space left for Kafka's jars in {self._folder} (about 50 MB): free some space"
                ) from error
            raise BrokerError(f"cannot store Kafka's jars in {self._folder}: {error}") from error

    def _download(self, jar: Jar, repository: Path) -> Path:
        context = maven_context(repository, self._count)
        return download(context.project(jar.group, jar.artifact).at_version(jar.version).artifact())

    def _count(self, count: int) -> None:
        with self._lock:
            self._done += count
            self._progress("downloading Kafka", min(self._done, self._total), self._total)
