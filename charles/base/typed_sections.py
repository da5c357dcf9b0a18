"""Typed records for settings and configuration. They refuse unknown fields with a clear error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Share = Annotated[float, Field(gt=0, le=1)]
Seconds = Annotated[float, Field(gt=0)]
Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,60}$")]

Model = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,60}$")]


class ConfigError(ValueError):
    """A setting is wrong; the message names each field and what it accepts."""


class Section(BaseModel):
    """A typed record. renamed: former names of its fields, which are still accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    renamed: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _understand_old_names(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        for old, new in cls.renamed.items():
            if old in values and new in values:
                raise ValueError(f"{old} is the former name of {new}: give only one of them")
        return {cls.renamed.get(name, name): value for name, value in values.items()}


def explained(model: type[BaseModel], error: ValidationError) -> ConfigError:
    """The errors of a model's values: one line per field, each with what the field accepts."""
    return ConfigError("\n".join(_explain(model, problem) for problem in error.errors()))


def _explain(model: type[BaseModel], problem: Any) -> str:
    path = [str(part) for part in problem["loc"]]
    where = ".".join(path)
    if problem["type"] == "extra_forbidden":
        holder = _section(model, path[:-1])
        name = ".".join(path[:-1]) or "charles"
        return f"{where}: no such setting; {name} accepts: {', '.join(holder.model_fields)}"
    message = problem["msg"].removeprefix("Value error, ")
    if not path:
        return str(message)  # about several fields, which it names
    told = "" if _hidden(model, path, problem["input"]) else f", not {_shortly(problem['input'])}"
    what = _description(model, path)
    return f"{where}: {_words(model, path, problem)}{told}" + (f" ({what})" if what else "")


def _words(model: type[BaseModel], path: list[str], problem: Any) -> str:
    """What the field accepts, in plain words."""
    if problem["type"] in ("model_type", "model_attributes_type"):
        return f"should be a section with the fields {', '.join(_section(model, path).model_fields)}"
    if problem["type"] == "string_pattern_mismatch":
        return f"should match the pattern {problem['ctx']['pattern']}"
    message = str(problem["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return message.partition(", unable to parse")[0]


def _hidden(model: type[BaseModel], path: list[str], value: Any) -> bool:
    """Whether a value is kept out of messages, because it may be or contain a password."""
    fields = (_section(model, path[:depth]).model_fields.get(name) for depth, name in enumerate(path))
    return isinstance(value, dict | list) or any(field is not None and not field.repr for field in fields)


def _shortly(value: Any, most: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}..."


def _section(model: type[BaseModel], path: list[str]) -> type[BaseModel]:
    """The record that a path of names leads to, or the last one on the way."""
    for part in path:
        field = model.model_fields.get(part)
        kinds = [field.annotation, *get_args(field.annotation)] if field else []
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if inner is None:
            return model
        model = inner
    return model


def _description(model: type[BaseModel], path: list[str]) -> str | None:
    for depth in range(len(path), 0, -1):
        field = _section(model, path[: depth - 1]).model_fields.get(path[depth - 1])
        if field is not None:
            return field.description
    return None
