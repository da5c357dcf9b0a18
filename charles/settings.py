"""The whole configuration as typed records.

Values come from the command line, then the environment (`CHARLES_TRAIN__BATCH=64`), then `charles.toml`, then the
defaults here, which are the original's figures where it had one. A wrong field, type or range is an error that names
the field and what it accepts.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

Share = Annotated[float, Field(gt=0, le=1)]
Seconds = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Kafka(Section):
    """Where the broker is and how to talk to it."""

    bootstrap_servers: str = Field(
        default_factory=lambda: os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092"),
        description="the cluster; KAFKA_BOOTSTRAP_SERVERS when unset, else the local broker",
    )
    prefix: str = Field("charles", pattern=r"^[a-zA-Z0-9._-]{1,100}$", description="of topics, groups and transactions")
    replication_factor: int = Field(-1, ge=-1, description="of new topics; -1: the cluster's default")
    min_insync_replicas: int | None = Field(None, ge=1, description="of new topics; unset: the cluster's default")
    schema_registry_url: str | None = Field(
        None, repr=False, description="unset: schemas travel in the topic `schemas`; subjects are TOPIC-RECORD"
    )
    properties: dict[str, str] = Field(default_factory=dict, repr=False, description="any librdkafka property")


class Broker(Section):
    """The broker that `charles kafka start` and `charles demo` run on this machine."""

    port: int = Field(9092, ge=1, le=65535)
    data: Path = Path("data/kafka")


class Collect(Section):
    """The collectors: what is driven and how it is disturbed."""

    name: str = Field("collector-1", pattern=r"^[a-zA-Z0-9_-]{1,60}$", description="the key of its events")
    game: str = "city"
    seed: int = Field(1, ge=0, lt=1_000_000, description="of the first collector; evaluation uses 1,000,000 and above")
    pace: Literal["real", "max"] = "real"
    jpeg_quality: int = Field(90, ge=1, le=100)
    world_minutes: float = Field(1.0, gt=0, description="a new world (the next seed) after so many minutes of driving")
    disturbances: bool = Field(True, description="bursts of noise, so that the data holds recoveries")
    memory_mb: int = Field(64, ge=1, description="unsent events kept while the broker is away")


class Unstuck(Section):
    """A car that travels less than `distance` metres within `seconds` is stuck and is put somewhere else."""

    distance: float = Field(2.0, gt=0)
    seconds: Seconds = 5.0


class Balance(Section):
    """The balancer: history, bins, transactions."""

    name: str = Field("balancer-1", pattern=r"^[a-zA-Z0-9_-]{1,60}$", description="of this instance, for ever its own")
    history: int = Field(60, ge=1, le=600, description="past ticks in a sample")
    frames: int = Field(1, ge=1, le=60, description="stacked frames in a sample, oldest first")
    bin_capacity: int = Field(128, ge=1, description="ticks that wait in one bin; a full bin keeps the newest")
    commit_seconds: Seconds = 0.25
    silence_seconds: Seconds = 60.0
    frames_cache_mb: int = Field(256, ge=0, description="waiting frames kept in memory; others are read again")


class Train(Section):
    """The trainer: buffers, batches, checkpoints."""

    model: str = Field("pilot", pattern=r"^[a-z0-9_-]{1,60}$")
    line: str = "pilot"
    buffer: int = Field(25_000, ge=1, description="samples per output")
    keep_full: Share = Field(0.9, description="training goes on while every buffer is at least so full")
    when_full: Literal["replace", "wait"] = Field(
        "replace",
        description="new samples, when all buffers are full: replace the oldest (a live drive), or wait in the log (a "
        "recording, all of which shall be learned from)",
    )
    uses_per_sample: int = Field(1, ge=1, le=255)
    batch: int = Field(32, ge=2, multiple_of=2)
    learning_rate: float = Field(5e-4, gt=0)
    checkpoint_every: int = Field(100, ge=1, description="batches")
    keep_checkpoints: int = Field(5, ge=1)
    seed: int = 1
    tensorboard: Path = Path("data/tensorboard")


class Play(Section):
    """The player."""

    name: str = Field("player-1", pattern=r"^[a-zA-Z0-9_-]{1,60}$", description="the key of its events")
    game: str = "city"
    seed: int = Field(500_000, ge=0)
    swap: Literal["unstuck", "at once"] = "unstuck"
    publish_hz: float = Field(10.0, gt=0, le=30, description="DrivingFrame events a second, for those who watch")


class Demo(Section):
    """`charles demo`."""

    minutes: float = Field(10.0, gt=0)
    collectors: int = Field(2, ge=1, le=16)
    seeds: int | None = Field(None, ge=1, description="unseen worlds to score on; unset: as many as the game needs")
    folder: Path = Path("demo")


class Settings(BaseSettings):
    """Everything, one section per program."""

    model_config = SettingsConfigDict(
        env_prefix="CHARLES_",
        env_nested_delimiter="__",
        toml_file="charles.toml",
        extra="forbid",
        frozen=True,
    )

    kafka: Kafka = Field(default_factory=Kafka)
    broker: Broker = Field(default_factory=Broker)
    collect: Collect = Field(default_factory=Collect)
    unstuck: Unstuck = Field(default_factory=Unstuck)
    balance: Balance = Field(default_factory=Balance)
    train: Train = Field(default_factory=Train)
    play: Play = Field(default_factory=Play)
    demo: Demo = Field(default_factory=Demo)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


class ConfigError(ValueError):
    """The configuration is wrong; the message names each field and what it accepts."""


def load(**overrides: Any) -> Settings:
    """The settings, with the command line's values on top: `load(train={"batch": 64})`.

    None values mean "not given". Raises ConfigError.
    """
    given: dict[str, Any] = {
        section: {name: value for name, value in values.items() if value is not None}
        for section, values in overrides.items()
    }
    try:
        return Settings(**given)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(problem) for problem in error.errors())) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"charles.toml is not TOML: {error}") from None


def environment(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, for a program started with the very same ones."""
    return {f"CHARLES_{name.upper()}": section.model_dump_json() for name, section in settings}


def _explain(problem: Any) -> str:
    section, *rest = (str(part) for part in problem["loc"])
    where = ".".join([section, *rest])
    fields = getattr(Settings.model_fields[section].annotation, "model_fields", {}) if rest else Settings.model_fields
    if problem["type"] == "extra_forbidden":
        return f"{where}: no such setting; {section if rest else 'charles'} accepts: {', '.join(fields)}"
    what = fields[rest[0]].description if rest and rest[0] in fields else None
    return f"{where}: {problem['msg']}, not {problem['input']!r}" + (f" ({what})" if what else "")
