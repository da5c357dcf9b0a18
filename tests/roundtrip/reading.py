"""A topic as somebody reads it who knows nothing of recordings: all of each record, in the order of each partition.

Offsets are not compared: the ends of transactions have some too.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable
from typing import BinaryIO

from charles.kafka.clients import name
from charles.settings import Kafka
from charles.topics import Topic
from tests.kafka_tools import read_all

Log = dict[int, list[tuple[object, ...]]]
"""By partition: of each record timestamp, headers in their order, and of key and value the lengths and hashes."""
Read = Callable[[Kafka, Topic], Log]

_FORMAT = "%p %T %K %S %h\n%k%s"
_NULL = -1
"""kcat's length of what is not there."""


def readers() -> dict[str, Read]:
    """Who can be asked here, by name."""
    return {"our client": by_client} | ({"kcat": by_kcat} if shutil.which("kcat") else {})


def by_client(kafka: Kafka, topic: Topic) -> Log:
    log: Log = defaultdict(list)
    for message in read_all(kafka, topic, timeout_s=60):
        log[message.partition() or 0].append(
            (message.timestamp(), tuple(message.headers() or ()), _hashed(message.key()), _hashed(message.value()))
        )
    return log


def by_kcat(kafka: Kafka, topic: Topic) -> Log:
    """As kcat prints it: the lengths tell where a key ends and a value."""
    log: Log = defaultdict(list)
    command = ["kcat", "-C", "-q", "-e", "-b", kafka.bootstrap_servers, "-t", name(kafka, topic), "-o", "beginning"]
    command += ["-X", "isolation.level=read_committed", "-f", _FORMAT]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while line := process.stdout.readline():
            partition, timestamp, key, value, *headers = line.decode().rstrip("\n").split(" ", 4)
            hashes = [_read(process.stdout, int(length)) for length in (key, value)]
            log[int(partition)].append((timestamp, headers, *hashes))
    assert process.returncode == 0
    return log


def _read(out: BinaryIO, length: int) -> tuple[int, str]:
    return _hashed(None if length == _NULL else out.read(length))


def _hashed(data: bytes | str | None) -> tuple[int, str]:
    if data is None:
        return _NULL, ""
    raw = data.encode() if isinstance(data, str) else data
    return len(raw), hashlib.sha256(raw).hexdigest()
