"""The shared configuration of the pipeline: one document on the topic `config`, changed while it runs.

The defaults are the original's figures where it had one. What is local to a program (addresses, folders, names) is in
settings.py. Pure: how the document is read and written is in control/config_topic.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from charles.base.typed_sections import ConfigError as ConfigError
from charles.base.typed_sections import Model, Seconds, Section, Share, explained
from charles.games.weather import Weather
from charles.labels import bin_regions
from charles.labels.bins import BINS, Version
from charles.labels.outputs import LOWEST, OUTPUTS, Output, parse
from charles.labels.set_kinds import Overflow, SetKind, set_kinds


class Collect(Section):
    """The collectors' worlds and disturbances."""

    pace: Literal["real", "max"] = Field("real", description="real: 30 Hz; max: as fast as the machine allows")
    weather: Literal[Weather, "random"] = Field(
        "clear", description="weather, in games that have it; random: different in every world"
    )
    jpeg_quality: int = Field(90, ge=1, le=100)
    world_minutes: float = Field(1.0, gt=0, description="minutes of driving before a new world (the next seed)")
    disturbances: bool = Field(
        True, description="add bursts of noise to the controls, so that the data contains recoveries"
    )
    seek_rare: bool = Field(
        True, description="aim the disturbances at the bins that the balancers' sets wait for, so that they fill sooner"
    )


class Unstuck(Section):
    """A car that travels less than `distance` metres within `seconds` is stuck and is put somewhere else."""

    distance: float = Field(2.0, gt=0)
    seconds: Seconds = 5.0


class Balance(Section):
    """History, bins and sets."""

    version: Version = Field(
        "v3",
        description="v1: joint, a set is one sample of each combination of bins; v2: per output, a sample trains the "
        "output of its set; v3: per output, a sample trains all outputs; v4: as v3, and balanced inside each bin "
        "too",
    )
    history: int = Field(60, ge=1, le=600, description="past ticks in a sample")
    frames: int = Field(1, ge=1, le=60, description="stacked frames in a sample, oldest first")
    bins: int = Field(
        BINS,
        ge=3,
        le=201,
        description="number of bins in v3 and v4 of an output in [-1, 1]: odd; 0 has its own bin, "
        "the others have equal width",
    )
    leave_out: tuple[str, ...] = Field(
        (),
        description='bins to leave out: in v1 combinations, such as ["acceleration=1-4 braking=1-4"], otherwise bins '
        'of one output, such as ["acceleration=11"]; bins are counted from 0',
    )
    bin_capacity: int = Field(
        128, ge=1, description="maximum number of ticks that wait in one bin (v1: in one combination)"
    )
    overflow: Overflow = Field("newest", description="which ticks a full bin keeps")
    max_wait_minutes: float = Field(
        30.0, gt=0, description="a tick that has waited this long in the bins becomes surplus"
    )
    silence_seconds: Seconds = Field(60.0, description="a run ends after this long without a record")

    @field_validator("bins")
    @classmethod
    def _odd(cls, bins: int) -> int:
        if bins % 2 == 0:
            raise ValueError("must be odd")
        return bins


class Train(Section):
    """Model, buffers, batches, checkpoints."""

    renamed = {"keep_full": "min_fill", "uses_per_sample": "max_times_sampled"}  # noqa: RUF012 (pydantic's own way)

    line: Literal["pilot"] = Field("pilot", description="model family; see the folder charles/models")
    model: Model | None = Field(None, description="name of the model to train; unset: the name of the line")
    buffer: int = Field(25_000, ge=1, description="number of samples per buffer; each kind of set has a buffer")
    min_fill: Share = Field(0.9, description="train only while every buffer is at least this full")
    when_full: Literal["replace", "wait"] = Field(
        "replace",
        description="what new samples do when all buffers are full: replace the oldest (live driving), or wait in the "
        "log (a recording, so that every sample is used)",
    )
    max_times_sampled: int = Field(1, ge=1, le=255, description="maximum number of batches that a sample is drawn for")
    batch: int = Field(32, ge=2, multiple_of=2, description="number of samples; the same number from each buffer")
    learning_rate: float = Field(5e-4, gt=0)
    checkpoint_every: int = Field(100, ge=1, description="batches")
    keep_checkpoints: int = Field(5, ge=1)
    seed: int = Field(1, ge=0, lt=2**32)


class Play(Section):
    """The players."""

    swap: Literal["unstuck", "at once"] = Field("unstuck", description="when newer weights are swapped in")


class Config(Section):
    """The whole document."""

    game: str = Field("city", description="game that collectors and players drive, unless they name another")
    outputs: tuple[str, ...] = Field(
        OUTPUTS,
        min_length=1,
        description=f"what the model predicts: {', '.join(LOWEST)}, plain or with :classification or :delta; the "
        f"game's driver does the rest",
    )
    collect: Collect = Field(default_factory=Collect)
    unstuck: Unstuck = Field(default_factory=Unstuck)
    balance: Balance = Field(default_factory=Balance)
    train: Train = Field(default_factory=Train)
    play: Play = Field(default_factory=Play)

    @field_validator("outputs", mode="before")
    @classmethod
    def _split(cls, outputs: Any) -> Any:
        return tuple(outputs.split(",")) if isinstance(outputs, str) else outputs

    @field_validator("outputs")
    @classmethod
    def _known(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        by_value = {output.value: output.text for output in map(parse, texts)}
        if len(by_value) < len(texts):
            raise ValueError("outputs must be unique")
        if "acceleration_braking" in by_value and by_value.keys() & {"acceleration", "braking"}:
            raise ValueError("acceleration_braking is acceleration minus braking: use it instead of both")
        return tuple(by_value[value] for value in LOWEST if value in by_value)

    @model_validator(mode="after")
    def _regions_are_of_bins(self) -> Config:
        for text in self.balance.leave_out:
            try:
                region = bin_regions.parse(text, self.bins)
            except ValueError as error:
                raise ValueError(f"balance.leave_out: {text!r}: {error}") from None
            if self.balance.version != "v1" and len(region.bins) > 1:
                raise ValueError(f"balance.leave_out: {text!r}: only v1 has combinations; name bins of a single output")
        if not all(kind.cells for kind in self.set_kinds):
            raise ValueError("balance.leave_out: no bins are left; leave out fewer")
        return self

    @model_validator(mode="after")
    def _batches_fit(self) -> Config:
        train, each = self.train, self.train.batch // len(self.set_kinds)
        if each > train.min_fill * train.buffer:
            raise ValueError(
                f"train.buffer: a batch takes {each} samples from each buffer, but train.min_fill ({train.min_fill:g} "
                f"of {train.buffer}) is fewer; increase train.buffer"
            )
        return self

    @property
    def predicted(self) -> tuple[Output, ...]:
        """The outputs, with the bins and classes that they have under this balancing."""
        return tuple(parse(text, self.balance.version, self.balance.bins) for text in self.outputs)

    @property
    def bins(self) -> dict[str, int]:
        """The number of bins of each output."""
        return {output.value: len(output.scale) for output in self.predicted}

    @property
    def set_kinds(self) -> tuple[SetKind, ...]:
        """The kinds of sets that the balancer makes; the trainer has a buffer for each."""
        left_out = [bin_regions.parse(text, self.bins) for text in self.balance.leave_out]
        return set_kinds(self.balance.version, self.predicted, left_out)

    @property
    def model(self) -> str:
        """The name of the model that is trained and driven with."""
        return self.train.model or self.train.line


def from_json(text: str) -> Config:
    """Raises ConfigError for a document that this version does not accept."""
    try:
        return Config.model_validate_json(text)
    except ValidationError as error:
        raise explained(Config, error) from None


def changed(config: Config, assignments: Iterable[str]) -> Config:
    """The configuration after changes such as `balance.bins=11`; a value is JSON, or plain text.

    Raises ConfigError, which names each field and what it accepts.
    """
    document = config.model_dump(mode="json")
    for assignment in assignments:
        path, equals, value = assignment.partition("=")
        if not equals:
            raise ConfigError(f"{assignment}: a change is FIELD=VALUE, such as balance.bins=11")
        _put(document, current_name(path.strip()).split("."), _value(value.strip()))
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        raise explained(Config, error) from None


def differences(old: Config, new: Config) -> Iterator[tuple[str, Any, Any]]:
    """Every field that differs: its dotted name, its old and its new value."""
    before, after = flat(old), flat(new)
    return ((name, before[name], after[name]) for name in after if before[name] != after[name])


def flat(config: Config) -> dict[str, Any]:
    """Every field by its dotted name, in the document's order."""
    return dict(_flat(config.model_dump(mode="json"), ""))


def current_name(field: str) -> str:
    """What a field is called now, by a dotted name that may be a former one."""
    section, _, inner = field.partition(".")
    kind = Config.model_fields[section].annotation if section in Config.model_fields else None
    if not (inner and isinstance(kind, type) and issubclass(kind, Section)):
        return field
    name, dot, rest = inner.partition(".")
    return f"{section}.{kind.renamed.get(name, name)}{dot}{rest}"


def _flat(document: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _put(document: dict[str, Any], path: list[str], value: Any) -> None:
    *sections, field = path
    for name in sections:
        inner = document.setdefault(name, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"{'.'.join(path)}: {name} is a field and has no fields of its own")
        document = inner
    if isinstance(document.get(field), dict) and not isinstance(value, dict):
        raise ConfigError(f"{'.'.join(path)}: is a section; name one of its fields: {', '.join(document[field])}")
    document[field] = value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # also a number of thousands of digits
        return text
