"""Jars: fetched from a Maven repository (here one on loopback), kept only when they are what was pinned."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.kafka import BrokerError, jars
from infra.kafka.jars import Jar, cached_jars, pinned
from tests.ports import free_port


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line on stderr for each."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a Maven repository that jgo uses in place of the real one."""
    folder = tmp_path / "repository"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    use_mirror(tmp_path, monkeypatch, server.server_port)
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


def use_mirror(folder: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Point jgo's settings at a repository on loopback, and let it ask only once."""
    settings = folder / "jgo.conf"
    settings.write_text(f"[repositories]\ncentral = http://127.0.0.1:{port}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(jars, "RETRY_PAUSES_S", ())


def publish(repository: Path, name: str, content: bytes) -> Jar:
    """Put a jar into the repository and return its line of jars.txt."""
    jar = Jar(hashlib.sha256(content).hexdigest(), len(content), "org.example", name, "1.0")
    path = repository / "org" / "example" / name / "1.0" / jar.name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return jar


def test_missing_jars_are_fetched_once_with_their_bytes_counted(repository: Path, tmp_path: Path) -> None:
    wanted = [publish(repository, name, os.urandom(100_000)) for name in ("a", "b", "c")]
    steps: list[tuple[int, int]] = []
    paths = cached_jars(tmp_path / "cache", wanted, lambda _step, done, total: steps.append((done, total)))
    assert [path.name for path in paths] == ["a-1.0.jar", "b-1.0.jar", "c-1.0.jar"]
    assert max(steps) == (300_000, 300_000)
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [path.name for path in paths]

    steps.clear()
    assert cached_jars(tmp_path / "cache", wanted, lambda _step, done, total: steps.append((done, total))) == paths
    assert steps == []


def test_a_damaged_jar_is_fetched_again_and_the_others_are_left(repository: Path, tmp_path: Path) -> None:
    wanted = [publish(repository, name, os.urandom(10_000)) for name in ("a", "b")]
    a, b = cached_jars(tmp_path / "cache", wanted)
    untouched, times = b.stat().st_ino, a.stat().st_mtime_ns
    a.write_bytes(bytes(10_000))  # the size is right, the content is not
    cached_jars(tmp_path / "cache", wanted)
    assert wanted[0].is_whole(a.parent)
    assert b.stat().st_ino == untouched
    assert a.stat().st_mtime_ns == times  # else Java's AOT cache would be useless


def test_a_jar_that_is_another_than_the_pinned_one_is_named_and_not_kept(repository: Path, tmp_path: Path) -> None:
    jar = publish(repository, "forged", b"genuine")
    (repository / "org" / "example" / "forged" / "1.0" / jar.name).write_bytes(b"altered")
    with pytest.raises(
        BrokerError, match=r"forged-1\.0\.jar was downloaded, but its SHA-256 differs from the pinned one"
    ):
        cached_jars(tmp_path / "cache", [jar])
    assert list((tmp_path / "cache").iterdir()) == []


def test_no_network_says_what_else_can_be_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_mirror(tmp_path, monkeypatch, free_port())
    jar = Jar("0" * 64, 1, "org.example", "far", "1.0")
    with pytest.raises(BrokerError, match=r"cannot download far-1\.0\.jar: check the network, or set KAFKA_HOME"):
        cached_jars(tmp_path / "cache", [jar])


def test_every_jar_is_pinned_once_by_its_sum() -> None:
    lines = pinned()
    assert len({jar.name for jar in lines}) == len(lines) > 40
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in lines)
    assert {jar.version for jar in lines if jar.group == "org.apache.kafka"} == {"4.3.1"}
