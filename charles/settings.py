"""Settings that are local to a program (addresses, folders, names), as typed records.

Values come from the command line, then the environment (`CHARLES_COLLECTOR__PACE=max`), then `charles.toml`, then the
defaults here. The pipeline's shared configuration (config.py) comes only from the topic `config`. A wrong field, type
or range is an error that names the field and what it accepts.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from charles.base.properties_file import read as properties_in
from charles.base.redaction import Redactor
from charles.base.typed_sections import ConfigError as ConfigError
from charles.base.typed_sections import Model, Name, Seconds, Section, explained
from charles.config import Config

_PREFIX = "CHARLES_"


class Kafka(Section):
    """The cluster and how to connect to it."""

    bootstrap_servers: str = Field(
        default_factory=lambda: os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or "127.0.0.1:9092",
        min_length=1,
        description="brokers to connect to; unset: KAFKA_BOOTSTRAP_SERVERS, else the local broker",
    )
    prefix: str = Field(
        "charles", pattern=r"^[a-zA-Z0-9._-]{1,100}$", description="prefix of topics, groups and transactional ids"
    )
    replication_factor: int = Field(
        -1, ge=-1, description="replication factor of new topics; -1: the cluster's default"
    )
    min_insync_replicas: int | None = Field(
        None, ge=1, description="min.insync.replicas of new topics; unset: the cluster's default"
    )
    schema_registry_url: str | None = Field(
        None,
        pattern="^https?://",
        repr=False,
        description="schema registry (subjects are TOPIC-RECORD); unset: schemas are kept in the topic `schemas`",
    )
    properties: dict[str, str] = Field(default_factory=dict, repr=False, description="additional librdkafka properties")
    properties_file: Path | None = Field(
        None,
        description="file with more properties, one NAME=VALUE per line, for secrets; kafka.properties takes "
        "precedence",
    )
    _in_file: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _read_file(self) -> Self:
        if self.properties_file is not None:
            try:
                self._in_file = properties_in(self.properties_file)
            except ValueError as error:
                raise ValueError(f"properties_file: {error}") from None
        return self

    @property
    def client_properties(self) -> dict[str, str]:
        """The user's librdkafka properties, from the file and from the settings."""
        return self._in_file | self.properties


class Broker(Section):
    """The broker that `charles kafka start` and `charles demo` run on this machine."""

    port: int = Field(9092, ge=1, le=65535)
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="port for its Prometheus metrics, on loopback; unset: none"
    )
    data: Path = Path("data/kafka")


class Collector(Section):
    """One collector."""

    name: Name = Field("collector-1", description="the key of its events")
    game: str | None = Field(None, description="unset: the pipeline's")
    seed: int = Field(1, ge=0, lt=1_000_000, description="seed of its first world; evaluation uses 1,000,000 and above")
    pace: Literal["real", "max"] | None = Field(None, description="unset: the pipeline's")
    memory_mb: int = Field(64, ge=1, description="memory for unsent events while the broker is unreachable")


class Balancer(Section):
    """One balancer."""

    name: Name = Field("balancer-1", description="name of this instance; must be unique and never reused")
    commit_seconds: Seconds = 0.25
    frames_cache_mb: int = Field(256, ge=0, description="memory for waiting frames; others are read again from the log")


class Trainer(Section):
    """One trainer; each model has one trainer at a time."""

    name: Name = "trainer-1"
    model: Model | None = Field(None, description="unset: the pipeline's")
    tensorboard: Path = Path("data/tensorboard")
    offline: Path = Field(Path("data/offline"), description="folder of trainings from recordings, one subfolder each")


class Player(Section):
    """One player."""

    name: Name = Field("player-1", description="the key of its events")
    game: str | None = Field(None, description="unset: the pipeline's")
    model: Model | None = Field(None, description="model to drive with; unset: the pipeline's")
    seed: int = Field(500_000, ge=0)
    publish_hz: float = Field(10.0, gt=0, le=30, description="DrivingFrame events per second to publish for viewers")


class Annotator(Section):
    """One annotator. One per pipeline is enough: each annotation is written once."""

    name: Name = "annotator-1"


class Replayer(Section):
    """One replay of a recording."""

    name: Name = "replayer-1"
    recording: Path | None = Field(None, description="recording to replay: a path, or a name in recordings.folder")
    prefix: str | None = Field(
        None,
        pattern=r"^[a-zA-Z0-9._-]{1,100}$",
        description="topic prefix to write to; unset: the recorded prefix plus -replay",
    )
    topics: list[str] = Field(
        default_factory=list, description="topics to replay; unset: all recorded topics that can be replayed"
    )
    collectors: list[str] = Field(default_factory=list, description="unset: all")
    since: str | None = Field(None, description="recorded time to start at, or +90s after its start")
    until: str | None = Field(None, description="recorded time to end at, exclusive")
    speed: str = Field("1", description="speed relative to the recorded pace; max: as fast as the broker accepts")
    loop: bool = Field(False, description="repeat without end")
    new_run: bool = Field(False, description="give every run a new name")
    resume: bool = Field(False, description="resume the same replay where it was stopped or killed")
    timestamps: Literal["keep", "now"] = "keep"

    @field_validator("speed")
    @classmethod
    def _is_speed(cls, speed: str) -> str:
        if speed != "max" and not (re.fullmatch(r"\d+(\.\d+)?", speed) and float(speed) > 0):
            raise ValueError("should be max or a number above 0")
        return speed


class Recorder(Section):
    """One recorder."""

    name: Name = "recorder-1"
    recording: str | None = Field(
        None,
        min_length=1,
        description="folder of the recording: a path, or a name in recordings.folder; unset: named after its start",
    )
    topics: list[str] = Field(
        default_factory=list, description="topics to record; unset: frames, controls, balanced, training"
    )
    begin: str = Field(
        "now", description="where a new recording starts: now, beginning, or a time; an existing one is resumed"
    )
    duration: str | None = Field(
        None, description="stop after this time, such as 90s, 5m, 1h30m; unset: run until stopped"
    )
    compression: Literal["null", "deflate", "zstandard"] = Field(
        "null", description="compression; pictures do not get smaller"
    )


class Grafana(Section):
    """Where Grafana is, for the annotator and `charles grafana`. A token takes precedence over user and password."""

    url: str = Field(
        default_factory=lambda: os.environ.get("GRAFANA_URL") or "http://127.0.0.1:3000",
        pattern=r"^https?://[^/@]+(/[^@]*)?$",
        description="address without a password; unset: GRAFANA_URL, else Grafana on this machine",
    )
    token: str | None = Field(
        default_factory=lambda: os.environ.get("GRAFANA_TOKEN"), repr=False, description="token of a service account"
    )
    user: str = Field("admin", min_length=1)
    password: str | None = Field(default_factory=lambda: os.environ.get("GRAFANA_PASSWORD"), repr=False)
    password_file: Path | None = Field(None, description="file with the password, such as a container's secret")


class Recordings(Section):
    """What was recorded from topics."""

    folder: Path = Field(Path("data/recordings"), description="folder of recordings, one subfolder each")


class Logs(Section):
    """Log output, for people or for machines that read logs."""

    format: Literal["human", "json"] = "human"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Metrics(Section):
    """Where a program exposes its Prometheus metrics. Two programs on one host need different ports: those of `charles
    run` and `charles demo` use this one, the next one, and so on."""

    host: str = Field("127.0.0.1", min_length=1)
    port: int | None = Field(None, ge=1, le=65535, description="port for metrics; unset: no metrics")


class Run(Section):
    """`charles run`, and what every program has that runs."""

    name: str = Field("", pattern=r"^[a-zA-Z0-9_-]{0,40}$", description="prefix of its programs' names")
    folder: Path = Field(Path("data/logs"), description="folder of its programs' logs")
    journals: Path = Field(
        Path("data/journals"), description="folder where programs note what they read, to find what ends them"
    )


class Demo(Section):
    """`charles demo`."""

    minutes: float = Field(10.0, gt=0)
    collectors: int = Field(2, ge=1, le=16)
    seeds: int | None = Field(
        None, ge=1, description="number of unseen worlds to score on; unset: as many as the game needs"
    )
    folder: Path = Path("demo")


class Settings(BaseSettings):
    """Everything, one section per program.

    config, epoch: the pipeline's shared configuration and its offset in the topic `config`; -1: nothing was set yet and
    the defaults apply. Both come only from the topic: a program's Link fills them in.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        toml_file="charles.toml",
        extra="forbid",
        frozen=True,
    )

    kafka: Kafka = Field(default_factory=Kafka)
    broker: Broker = Field(default_factory=Broker)
    collector: Collector = Field(default_factory=Collector)
    balancer: Balancer = Field(default_factory=Balancer)
    trainer: Trainer = Field(default_factory=Trainer)
    player: Player = Field(default_factory=Player)
    annotator: Annotator = Field(default_factory=Annotator)
    replayer: Replayer = Field(default_factory=Replayer)
    recorder: Recorder = Field(default_factory=Recorder)
    grafana: Grafana = Field(default_factory=Grafana)
    run: Run = Field(default_factory=Run)
    demo: Demo = Field(default_factory=Demo)
    recordings: Recordings = Field(default_factory=Recordings)
    logs: Logs = Field(default_factory=Logs)
    metrics: Metrics = Field(default_factory=Metrics)
    config: Config = Field(default_factory=Config)
    epoch: int = -1

    @property
    def redactor(self) -> Redactor:
        """Knows the secrets among these settings."""
        grafana = {"password": self.grafana.password or "", "token": self.grafana.token or ""}
        return Redactor(self.kafka.client_properties | grafana, self.kafka.schema_registry_url)

    @property
    def external_cluster(self) -> str | None:
        """The bootstrap servers of the cluster that the settings or KAFKA_BOOTSTRAP_SERVERS name.

        None if none is named, or if they are the local broker's.
        """
        named = "bootstrap_servers" in self.kafka.model_fields_set or bool(os.environ.get("KAFKA_BOOTSTRAP_SERVERS"))
        own = {f"{host}:{self.broker.port}" for host in ("127.0.0.1", "localhost")}
        return self.kafka.bootstrap_servers if named and self.kafka.bootstrap_servers not in own else None

    @property
    def collected_game(self) -> str:
        return self.collector.game or self.config.game

    @property
    def trained_model(self) -> str:
        return self.trainer.model or self.config.model

    @property
    def driven_game(self) -> str:
        return self.player.game or self.config.game

    @property
    def driven_model(self) -> str:
        return self.player.model or self.config.model

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        from_file = TomlConfigSettingsSource(settings_cls)
        _refuse_others(from_file())
        _refuse_others(_named_by_environment())
        return init_settings, env_settings, from_file


LOCAL = tuple(name for name in Settings.model_fields if name not in ("config", "epoch"))
_FOR_PROCESSES = ("supervised", "supervisor")


def load(**overrides: Any) -> Settings:
    """The settings, with the command line's values on top: `load(collector={"seed": 20})`.

    None values mean "not given". Raises ConfigError.
    """
    given: dict[str, Any] = {
        section: {name: value for name, value in values.items() if value is not None}
        for section, values in overrides.items()
    }
    try:
        return Settings(**given)
    except ValidationError as error:
        raise explained(Settings, error) from None
    except SettingsError:
        raise ConfigError(f'the environment: {_no_json()} should be JSON, such as {{"name": "value"}}') from None
    except UnicodeDecodeError:
        raise ConfigError("charles.toml is not valid TOML: it is not encoded as UTF-8") from None
    except RecursionError:
        raise ConfigError("charles.toml is not valid TOML: it is nested too deep") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"charles.toml is not valid TOML: {error}") from None


def environment(settings: Settings, program: str = "") -> dict[str, str]:
    """The local settings as environment variables, for a program started with the very same ones. program: its name;
    Grafana's password is given to the annotator alone."""
    sections = [name for name in LOCAL if name != "grafana" or program in ("", "annotator")]
    return {f"{_PREFIX}{name.upper()}": getattr(settings, name).model_dump_json() for name in sections}


def _no_json() -> str:
    """The variables that need JSON, because they hold more than one value, but have none."""
    variables = {f"{_PREFIX}{name.upper()}" for name in LOCAL} | {f"{_PREFIX}KAFKA__PROPERTIES"}
    return ", ".join(name for name in os.environ if name.upper() in variables and not _is_json(os.environ[name]))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _named_by_environment() -> dict[str, Any]:
    """What variables such as CHARLES_KAFKA__PREFIX set, by section and field."""
    named: dict[str, Any] = {}
    for variable, value in os.environ.items():
        if variable.startswith(_PREFIX):
            section, _, field = variable.removeprefix(_PREFIX).lower().partition("__")
            if section not in _FOR_PROCESSES:
                named.setdefault(section, {}).update({field: value} if field else {})
    return named


def _refuse_others(named: dict[str, Any]) -> None:
    """Raise ConfigError for anything that is not a local setting."""
    for section, values in named.items():
        if section in LOCAL:
            continue
        if section not in Config.model_fields:
            raise ConfigError(f"{section}: no such setting; charles accepts: {', '.join(LOCAL)}")
        inner = Config.model_fields[section].annotation
        field = section
        if isinstance(inner, type) and issubclass(inner, Section):
            field += f".{next(iter(values))}" if isinstance(values, dict) and values else ".FIELD"
        raise ConfigError(
            f"{field} is a setting of the whole pipeline: change it with `charles config set {field}=VALUE`"
        )
