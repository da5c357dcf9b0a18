"""Where the weights to evaluate come from: a file, the model topic, or what a demo left in its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from charles.checkpoints.identity import WEIGHTS
from charles.checkpoints.packing import Arrays
from charles.checkpoints.topic_readers import fetch, living
from charles.checkpoints.weights_file import load_weights
from charles.control import config_topic
from charles.events import Checkpoint
from charles.kafka.clients import BrokerUnavailable, require_broker
from charles.kafka.reading import NoTopic
from charles.settings import Settings

WEIGHTS_FILE = "weights.safetensors"
UNTRAINED_FILE = "untrained.safetensors"

_PATIENCE_S = 3.0


class NoWeights(RuntimeError):
    """There are no weights to evaluate; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A checkpoint and where it was found, in words."""

    manifest: Checkpoint
    arrays: Arrays
    where: str
    on_topic: bool = False


def from_file(path: Path) -> Weights:
    """Raises WeightsFileError."""
    return Weights(*load_weights(path), str(path))


def configured(settings: Settings) -> Settings:
    """The settings with the pipeline's configuration, as far as a broker tells it: else with the defaults."""
    try:
        require_broker(settings.kafka, _PATIENCE_S)
        return config_topic.under(settings, config_topic.read(settings.kafka).newest)
    except (BrokerUnavailable, NoTopic):
        return settings


def newest_weights(settings: Settings, folder: Path) -> Weights:
    """The newest weights on the model topic; where there are none, those that a demo left in the folder.

    Raises NoWeights, MissingChunks and DamagedArtefact.
    """
    left = folder / WEIGHTS_FILE
    try:
        require_broker(settings.kafka, _PATIENCE_S)
        found = _on_topic(settings, newest=True)
        problem = f"there are no weights of {settings.driven_model} on {settings.kafka.bootstrap_servers}"
    except BrokerUnavailable:
        found = None
        problem = f"no Kafka broker answers at {settings.kafka.bootstrap_servers}"
    if found is not None:
        return found
    if left.is_file():
        return from_file(left)
    raise NoWeights(
        f"{problem}, and there is no {left}. Run `charles demo` first, or name a weights file with `--weights FILE`"
    )


def untrained_weights(settings: Settings, newest: Weights, folder: Path) -> Weights | None:
    """The same model's weights before its first batch: from the folder, or still on the topic; None where both fail."""
    left = folder / UNTRAINED_FILE
    if left.is_file():
        found = from_file(left)
        if found.manifest.model == newest.manifest.model and _fits(found, newest):
            return found
    try:
        require_broker(settings.kafka, _PATIENCE_S)
        found_there = _on_topic(settings, newest=False)
    except BrokerUnavailable:
        return None
    return found_there if found_there is not None and _fits(found_there, newest) else None


def _fits(weights: Weights, other: Weights) -> bool:
    return weights.manifest.architecture == other.manifest.architecture


def _on_topic(settings: Settings, *, newest: bool) -> Weights | None:
    """The newest weights, or those of batch 0."""
    found = [
        manifest
        for manifest in living(settings.kafka)
        if manifest.model == settings.driven_model and manifest.kind == WEIGHTS
    ]
    if not newest:
        found = [manifest for manifest in found if manifest.batch == 0]
    if not found:
        return None
    arrays = fetch(settings.kafka, found[-1])
    where = f"{settings.kafka.prefix}.models at {settings.kafka.bootstrap_servers}"
    return Weights(found[-1], arrays, where, on_topic=True)
