"""The broker's data folder: what may be started there, and making a new one.

data/log/               Kafka's own files
data/cluster.json       which cluster this is, and the newest Kafka that wrote here
data/server.properties  written again at every start
data/broker.log, .out   the broker's log; what Java itself printed
data/broker.json        which process runs (infra/kafka/broker_process.py)
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import uuid
from pathlib import Path
from string import Template
from typing import Any

from infra.kafka import BrokerError
from infra.kafka.runtime import Runtime

TEMPLATE = Path(__file__).with_name("server.properties")
NODE_ID = "1"
MIN_FREE_BYTES = 2**30
"""Bytes: a broker whose disk fills up dies and takes unwritten data with it, so it is not started near the end."""


def prepare(runtime: Runtime, data: Path, port: int, controller_port: int) -> Path:
    """Check the folder, format it where it is new, write its server.properties and return their path.

    Raises BrokerError for a folder of another cluster, of a newer Kafka, or on a disk that is nearly full.
    """
    data.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(data).free < MIN_FREE_BYTES:
        raise BrokerError(disk_is_full(data))
    require_own(runtime, data)
    properties = data / "server.properties"
    if not (data / "log").exists():
        _format(runtime, data, properties)
    _remember(data, cluster_id(data), runtime.version)
    _render(properties, port, controller_port, data / "log")
    return properties


def disk_is_full(data: Path) -> str:
    """One line for the user, which says how much room a start needs."""
    free = shutil.disk_usage(data).free
    return (
        f"the disk of {data} is full: {free / 2**20:.0f} MiB are free, {MIN_FREE_BYTES / 2**20:.0f} are needed; "
        "nothing acknowledged is lost"
    )


def cluster_id(data: Path) -> str | None:
    """The id of the cluster whose data the folder holds; None for a folder that is new."""
    return _meta(data / "log").get("cluster.id")


def require_own(runtime: Runtime, data: Path) -> None:
    """Raise BrokerError unless the folder is new or was written by this broker with this Kafka or an older one."""
    if (data / "meta.properties").exists():
        raise BrokerError(f"{data} is the log folder of another Kafka: choose another --data folder")
    log = data / "log"
    if not log.exists():
        return
    meta, ours = _meta(log), _remembered(data)
    if not meta or meta.get("cluster.id") != ours.get("cluster_id") or meta.get("node.id") != NODE_ID:
        raise BrokerError(
            f"{log} holds the data of another cluster (cluster {meta.get('cluster.id', 'unknown')}, node "
            f"{meta.get('node.id', 'unknown')}; here belongs {ours.get('cluster_id', 'none')}, node {NODE_ID}): "
            "choose another --data folder, or remove this one"
        )
    if meta.get("version") != "1" or _numbers(ours["kafka"]) > _numbers(runtime.version):
        raise BrokerError(
            f"{data} was written by Kafka {ours['kafka']}, which is newer than this one ({runtime.version}): use that "
            f"version or another --data folder"
        )


def _format(runtime: Runtime, data: Path, properties: Path) -> None:
    # Under another name until it is done, so that an interrupted format is never taken for a cluster's data.
    unfinished = data / "log.formatting"
    shutil.rmtree(unfinished, ignore_errors=True)
    _render(properties, 9092, 9093, unfinished)
    identity = new_cluster_id()
    options = ("format", "--standalone", "-t", identity, "-c", str(properties))
    done = subprocess.run(
        runtime.command("kafka.tools.StorageTool", *options), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        cause = [line for line in said if line.startswith("Caused by: ")][-1:] or said[:1]
        raise BrokerError(f"cannot format {data} for Kafka: {''.join(cause)}")
    _remember(data, identity, runtime.version)
    unfinished.rename(data / "log")


def new_cluster_id() -> str:
    """A random Kafka UUID; never with a leading '-', which the format tool would take for an option."""
    while True:
        identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not identity.startswith("-"):
            return identity


def _render(properties: Path, port: int, controller_port: int, log: Path) -> None:
    # Forward slashes on Windows too: a backslash is an escape in a properties file.
    values = {"port": port, "controller_port": controller_port, "log_dir": log.as_posix()}
    properties.write_text(Template(TEMPLATE.read_text(encoding="utf-8")).substitute(values), encoding="utf-8")


def _meta(log: Path) -> dict[str, str]:
    """Kafka's own meta.properties, empty where there is none."""
    try:
        lines = (log / "meta.properties").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {key.strip(): value.strip() for key, _, value in pairs}


def _remembered(data: Path) -> dict[str, Any]:
    try:
        remembered: dict[str, Any] = json.loads((data / "cluster.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return remembered


def _remember(data: Path, identity: str | None, version: str) -> None:
    # The old note stays until the new one is whole: without any, the folder would be taken for somebody else's.
    text, draft = json.dumps({"cluster_id": identity, "kafka": version}), data / "cluster.json.new"
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(data / "cluster.json")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
