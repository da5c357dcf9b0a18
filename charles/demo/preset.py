"""The demo's figures: what differs from the original's, so that it learns in ten minutes on a laptop."""

from __future__ import annotations

from typing import Any

from charles.settings import Settings

PRESET: dict[str, dict[str, Any]] = {
    "train": {"buffer": 630, "uses_per_sample": 8, "checkpoint_every": 100},
    "play": {"swap": "at once"},
}

_WORLDS_PER_COLLECTOR = 10_000


def with_preset(settings: Settings) -> Settings:
    """The settings with the demo's figures wherever nobody chose another."""
    game = settings.collect.game
    changes = {name: dict(values) for name, values in PRESET.items()}
    changes["play"]["game"] = game
    sections = {}
    for name, values in changes.items():
        section = getattr(settings, name)
        mine = {field: value for field, value in values.items() if field not in section.model_fields_set}
        sections[name] = section.model_copy(update=mine)
    return settings.model_copy(update=sections)


def collector_settings(settings: Settings, index: int) -> Settings:
    """The settings of one of several collectors: a name and worlds of its own."""
    own = {"name": f"collector-{index + 1}", "seed": settings.collect.seed + index * _WORLDS_PER_COLLECTOR}
    return settings.model_copy(update={"collect": settings.collect.model_copy(update=own)})
