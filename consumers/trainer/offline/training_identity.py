"""What a training from a recording is: written beside its weights, so that only the very same one goes on with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from charles.base.atomic_file import written
from charles.config import flat, from_json

FACTS = "training.json"

Source = Literal["raw", "balanced"]


class AnotherTraining(RuntimeError):
    """What lies in the folder is another training; the message says in what it differs, and what to do."""


class TrainingIdentity(BaseModel):
    """recording: the digest; source: of which of its topics; epoch: of the configuration, -1: it never was on a topic;
    config: the whole document."""

    model_config = ConfigDict(extra="forbid")

    recording: str
    source: Source
    model: str
    deterministic: bool
    epoch: int
    config: dict[str, Any]

    def claim(self, folder: Path) -> None:
        """Write them into the folder, or find them there. Raises AnotherTraining, Unwritable."""
        path = folder / FACTS
        if not path.exists():
            with written(path) as file:
                file.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
            return
        try:
            there = TrainingIdentity.model_validate_json(path.read_text(encoding="utf-8"))
        except (ValidationError, OSError, ValueError):
            raise AnotherTraining(f"{path} cannot be read: choose another name with --name") from None
        if differences := list(there.differences(self)):
            raise AnotherTraining(
                f"{folder} has a different training: {'; '.join(differences)}; choose another name with --name, or "
                f"delete the folder"
            )

    def differences(self, now: TrainingIdentity) -> Iterator[str]:
        """In what another one differs, in words."""
        names = {"recording": "a different recording", "source": "different topics", "model": "a different model"}
        for name, words in names.items():
            if getattr(self, name) != getattr(now, name):
                yield f"{words} ({_short(getattr(self, name))}, not {_short(getattr(now, name))})"
        if self.deterministic != now.deterministic:
            yield f"it was begun with{'' if self.deterministic else 'out'} --deterministic"
        before, after = (flat(from_json(json.dumps(each.config))) for each in (self, now))
        yield from (f"{name} was {before[name]}, now {after[name]}" for name in after if before[name] != after[name])


def _short(text: str) -> str:
    return text[:12]
