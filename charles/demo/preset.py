"""The demo's figures: what differs from the original's, so that it learns in ten minutes on a laptop."""

from __future__ import annotations

from charles.config import Config, changed

PRESET = ("train.buffer=630", "train.uses_per_sample=8", "train.checkpoint_every=100", "play.swap=at once")


def preset(config: Config) -> Config:
    """The configuration with the demo's figures, on top of which somebody may want others."""
    return changed(config, PRESET)
