"""What a wrong option, variable or charles.toml ends with: a line that says what to do, and no traceback."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

import charles.kafka.clients
from charles.cli import app
from charles.settings import Kafka

NOBODY = "127.0.0.1:1"
OWN_BROKER = {"KAFKA_BOOTSTRAP_SERVERS": ""}


class Case(NamedTuple):
    """A mistake, and what is said about it. code 2: what the command line itself refuses, with a hint at --help."""

    argv: str
    says: str
    env: dict[str, str] = {}  # noqa: RUF012  (never changed)
    toml: str = ""
    code: int = 1
    lines: int = 1


def env(**variables: str) -> dict[str, str]:
    """env(COLLECTOR__SEED="x") is CHARLES_COLLECTOR__SEED=x."""
    return {f"CHARLES_{name}": value for name, value in variables.items()}


def properties(**values: str) -> dict[str, str]:
    """properties(linger_ms="5") is the property linger.ms."""
    return env(KAFKA__PROPERTIES=json.dumps({name.replace("_", "."): value for name, value in values.items()}))


WRONG_VARIABLES = [
    Case("collect", "collector.seed: should be a valid integer, not 'x'", env(COLLECTOR__SEED="x")),
    Case("collect", "collector.seed: should be greater than or equal to 0, not '-1'", env(COLLECTOR__SEED="-1")),
    Case("collect", "collector.seed: should be less than 1000000", env(COLLECTOR__SEED="9" * 400)),
    Case("collect", "collector.name: should match the pattern ^[a-zA-Z0-9_-]{1,60}$", env(COLLECTOR__NAME="a b")),
    Case("collect", "collector.pace: should be 'real' or 'max', not 'fast'", env(COLLECTOR__PACE="fast")),
    Case("collect", "collector.memory_mb: should be a valid integer", env(COLLECTOR__MEMORY_MB="much")),
    Case("collect", "collector accepts: name, game, seed, pace, memory_mb", env(COLLECTOR__SEEED="1")),
    Case("balance", "balancer.commit_seconds: should be greater than 0, not '0'", env(BALANCER__COMMIT_SECONDS="0")),
    Case("balance", "balancer.frames_cache_mb: should be", env(BALANCER__FRAMES_CACHE_MB="-1")),
    Case("train", "trainer.name: should match the pattern", env(TRAINER__NAME="")),
    Case("play", "player.publish_hz: should be less than or equal to 30, not '99'", env(PLAYER__PUBLISH_HZ="99")),
    Case("play", "player.seed: should be a valid integer", env(PLAYER__SEED="one")),
    Case("demo", "demo.minutes: should be greater than 0", env(DEMO__MINUTES="0")),
    Case("demo", "demo.collectors: should be less than or equal to 16", env(DEMO__COLLECTORS="99")),
    Case("kafka start", "broker.port: should be less than or equal to 65535", env(BROKER__PORT="99999")),
    Case("topics", "kafka.prefix: should match the pattern", env(KAFKA__PREFIX="a b")),
    Case("topics", "kafka.replication_factor: should be", env(KAFKA__REPLICATION_FACTOR="-2")),
    Case("topics", "kafka.min_insync_replicas: should be", env(KAFKA__MIN_INSYNC_REPLICAS="0")),
    Case("topics", "kafka.bootstrap_servers: ", env(KAFKA__BOOTSTRAP_SERVERS="")),
    Case(
        "topics", "kafka.schema_registry_url: should match the pattern ^https?://", env(KAFKA__SCHEMA_REGISTRY_URL="r")
    ),
    Case("topics", "logs.format: should be 'human' or 'json', not 'xml'", env(LOGS__FORMAT="xml")),
    Case("topics", "logs.level: should be 'debug', 'info', 'warning' or 'error'", env(LOGS__LEVEL="loud")),
    Case("topics", "logs: should be a section with the fields format, level", env(LOGS="1")),
    Case("topics", "CHARLES_COLLECTOR should be JSON", env(COLLECTOR="nonsense")),
    Case("topics", "CHARLES_KAFKA__PROPERTIES should be JSON", env(KAFKA__PROPERTIES="linger.ms=5")),
    Case("topics", "nosuch: no such setting; charles accepts: kafka, broker", env(NOSUCH="1")),
    Case("topics", "nosuch: no such setting; charles accepts: kafka, broker", env(NOSUCH__FIELD="1")),
    Case("train", "`charles config set train.buffer=VALUE`", env(TRAIN__BUFFER="8")),
    Case("train", "`charles config set train.FIELD=VALUE`", env(TRAIN="8")),
    Case("train", "`charles config set outputs=VALUE`", env(OUTPUTS="steering")),
    Case("train", "epoch: no such setting", env(EPOCH="3")),
    Case("collect", "logs.level: should be", env(COLLECTOR__SEED="x", LOGS__LEVEL="y"), lines=2),
]

WRONG_FILES = [
    Case("topics", "collector.seed: should be greater than or equal to 0, not -1", toml="[collector]\nseed = -1"),
    Case("topics", "collector: should be a section with the fields name, game", toml="collector = 3"),
    Case("topics", "broker accepts: port, metrics_port, data", toml="[broker]\nhost = 'x'"),
    Case("topics", "nosuch: no such setting; charles accepts: kafka", toml="[nosuch]\na = 1"),
    Case("topics", "`charles config set train.buffer=VALUE`", toml="[train]\nbuffer = 8"),
    Case("topics", "`charles config set outputs=VALUE`", toml="outputs = ['steering']"),
    Case("topics", "charles.toml is not valid TOML: Expected ']'", toml="[collector\n"),
    Case("topics", "charles.toml is not valid TOML: it is not encoded as UTF-8", toml="# \udcff\udcfe"),
    Case(
        "topics",
        "kafka.properties.sasl.password: should be a valid string",
        toml="[kafka.properties]\n'sasl.password'=1",
    ),
    Case("topics", "kafka.properties: should be a valid dictionary", toml="[kafka]\nproperties='linger.ms=5'"),
    Case("topics", "broker.port: should be", toml="[logs]\nlevel='x'\n[broker]\nport=0", lines=2),
]

WRONG_OPTIONS = [
    Case("collect --seed -1", "collector.seed: should be greater than or equal to 0"),
    Case("collect --pace fast", "collector.pace: should be 'real' or 'max'"),
    Case("collect --name a/b", "collector.name: should match the pattern"),
    Case("play --seed -3", "player.seed: should be greater than or equal to 0"),
    Case("demo --minutes 0", "demo.minutes: should be greater than 0"),
    Case("demo --collectors 0", "demo.collectors: should be greater than or equal to 1"),
    Case("demo --outputs steering:left", "the type of an output must be one of regression, classification, delta"),
    Case("demo --balancing v5", "balance.version: should be 'v1', 'v2', 'v3' or 'v4'"),
    Case("kafka start --port 0", "broker.port: should be greater than or equal to 1"),
    Case("kafka start --data file", "file is a file, but the broker needs a folder: choose another --data", OWN_BROKER),
    Case("kafka status --data file", "file is a file, but the broker needs a folder: choose another --data"),
    Case("kafka logs --data nowhere", "start the broker with: charles kafka start"),
    Case("run nosuch", "choose from: collector, balancer, trainer, player"),
    Case("run collector=0", "the number of collectors must be from 1 to 99"),
    Case("run collector=many", "the number of collectors must be from 1 to 99"),
    Case("run --as a/b collector", "run.name: should match the pattern"),
    Case("run", "such as: charles run collector=2 balancer", code=2),
    Case("evaluate --weights nosuch", "nosuch: no such file"),
    Case("evaluate --weights file", "file: not a valid safetensors file"),
    Case("nosuch", "No such command 'nosuch'", code=2),
    Case("kafka nosuch", "No such command 'nosuch'", code=2),
    Case("collect --nosuch", "No such option: --nosuch", code=2),
    Case("collect extra", "unexpected extra argument", code=2),
    Case("collect --seed x", "Invalid value for '--seed'", code=2),
    Case("evaluate --seeds 0", "Invalid value for '--seeds'", code=2),
    Case("kafka start --heap-mb 1", "Invalid value for '--heap-mb'", code=2),
    Case("kafka logs -n -1", "Invalid value for '--lines'", code=2),
    Case("bench --rounds 0", "Invalid value for '--rounds'", code=2),
    Case("deadletters list --since nonsense", "is not a valid time: write 2026-01-31", code=2),
    Case("deadletters show x", "Invalid value for 'NUMBER'", code=2),
    Case("config set", "Missing argument 'FIELD=VALUE...'", code=2),
    Case("command player", "Missing argument", code=2),
]

WRONG_CLUSTERS = [
    *(
        Case(
            argv, f"no Kafka broker answers at {NOBODY} (Connect to ipv4#{NOBODY} failed: Connection refused); `charles"
        )
        for argv in (
            *("collect", "balance", "train", "play", "topics", "ledger", "reset", "reset --yes"),
            *("config show", "config set train.buffer=80", "config diff", "config history"),
            *("deadletters count", "deadletters list", "deadletters show 1"),
            *("status", "top", "command player pause", "run collector --set game=city", "demo"),
        )
    ),
    Case("evaluate", "or name a weights file with `--weights FILE`"),
    Case("topics", "Failed to resolve 'nosuch.invalid:9092'", {"KAFKA_BOOTSTRAP_SERVERS": "nosuch.invalid"}),
    Case("topics", "at , (no address)", {"KAFKA_BOOTSTRAP_SERVERS": ","}),
    Case("topics", 'kafka.properties: Invalid value "x" for configuration', properties(security_protocol="x")),
    Case("topics", 'kafka.properties: No such configuration property: "nosuch"', properties(nosuch="1")),
    Case("collect", 'kafka.properties: No such configuration property: "nosuch"', properties(nosuch="1")),
    Case("topics", "ssl.ca.location failed", properties(security_protocol="ssl", ssl_ca_location="/nosuch")),
    Case("kafka start", "KAFKA_HOME is /nosuch, but", {"KAFKA_HOME": "/nosuch", **OWN_BROKER}),
]


@pytest.fixture(autouse=True)
def untouched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder with nothing but a file, an environment without settings, and the signals as they were."""
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("neither a folder nor weights")
    for name in os.environ:
        if name.startswith(("CHARLES_", "KAFKA_")):
            monkeypatch.delenv(name)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands wait half a second for a broker."""
    really = charles.kafka.clients.AdminClient.list_topics

    def list_topics(self: charles.kafka.clients.AdminClient, *arguments: object, timeout: float = 0.5) -> object:
        return really(self, *arguments, timeout=min(timeout, 0.5))

    monkeypatch.setattr(charles.kafka.clients.AdminClient, "list_topics", list_topics)
    monkeypatch.setattr(charles.kafka.clients.require_broker, "__defaults__", (0.5,))


def told(case: Case) -> str:
    """What the command writes to standard error; it must end with the case's code, and no traceback."""
    if case.toml:
        Path("charles.toml").write_bytes(case.toml.encode(errors="surrogateescape"))
    given = {"KAFKA_BOOTSTRAP_SERVERS": NOBODY, "TERMINAL_WIDTH": "200", **case.env}
    result = CliRunner().invoke(app, case.argv.split(), env=given)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == case.code, result.stderr
    assert "Traceback" not in result.output
    return result.stderr


def check(case: Case) -> None:
    words = told(case)
    assert case.says in " ".join(words.split())
    if "Usage: " in words:
        assert case.code == 2
        assert "--help' for help" in words
    else:
        assert len(words.splitlines()) == case.lines, words


def named(case: Case) -> str:
    return " ".join([case.argv, *(f"{name}={value[:20]}" for name, value in case.env.items()), case.toml[:30]])


@pytest.mark.parametrize("case", WRONG_VARIABLES, ids=named)
def test_a_wrong_variable_is_named_with_what_it_accepts(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", WRONG_FILES, ids=named)
def test_a_wrong_charles_toml_is_explained(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", WRONG_OPTIONS, ids=named)
def test_a_wrong_option_is_explained(case: Case) -> None:
    check(case)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("case", WRONG_CLUSTERS, ids=named)
def test_a_cluster_that_cannot_be_used_is_explained(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ("collect --game nosuch", "no game is called 'nosuch'; installed: carracing, city"),
        ("config set nosuch=1", "nosuch"),
        ("config set train.buffer", "FIELD=VALUE"),
        ("config set train.buffer=many", "train.buffer: should be a valid integer, not 'many'"),
        ("config set train.line=nosuch", "nosuch"),
        ("config set outputs=wings", "outputs"),
        ("config show nosuch", "nosuch: no such field or section"),
        ("config show --epoch 99", "there is no epoch 99"),
        ("deadletters show 99", "99"),
        ("command nosuch pause", "no program is running; start one first"),
        ("command player dance", "pause, resume"),
        ("run collector --set nosuch=1", "nosuch"),
        ("reset", "add --yes"),
    ],
)
def test_a_mistake_on_a_real_cluster_is_explained(kafka: Kafka, argv: str, says: str) -> None:
    check(Case(argv, says, env(KAFKA__BOOTSTRAP_SERVERS=kafka.bootstrap_servers, KAFKA__PREFIX=kafka.prefix)))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (properties(security_protocol="ssl"), "connecting to a PLAINTEXT broker listener?"),
        (
            properties(
                security_protocol="sasl_plaintext",
                sasl_mechanisms="PLAIN",
                sasl_username="me",
                sasl_password="hunter2",  # noqa: S106
            ),
            "SASL PLAIN mechanism handshake failed",
        ),
    ],
)
def test_a_cluster_that_is_secured_in_another_way_is_told_from_one_that_is_away(
    broker: str, wrong: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough for a second attempt: on a busy machine the first one may end before it is told why.
    monkeypatch.setattr(charles.kafka.clients.require_broker, "__defaults__", (5.0,))
    check(Case("topics", says, {**wrong, "KAFKA_BOOTSTRAP_SERVERS": broker}))


def test_a_port_that_somebody_has_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        check(Case(f"kafka start --port {port} --data new", f"port {port} is in use by", OWN_BROKER))
        check(Case(f"kafka start --port {port} --data new", "choose another --port", OWN_BROKER))


@pytest.mark.parametrize("secret", ["hunter2", "my%20password"])
def test_no_message_quotes_a_secret(secret: str) -> None:
    for case in (
        Case("topics", "kafka.schema_registry_url", env(KAFKA__SCHEMA_REGISTRY_URL=f"me:{secret}@registry")),
        Case("topics", "should be JSON", env(KAFKA__PROPERTIES=f"sasl.password={secret}")),
        Case("topics", "sasl", env(KAFKA__PROPERTIES=json.dumps({"sasl": {"sasl.password": secret}}))),
        Case("topics", "Invalid value", properties(sasl_password=secret, security_protocol=secret)),
    ):
        assert secret not in told(case)
