"""The configuration that held while something was recorded."""

from __future__ import annotations

import json
from contextlib import suppress

from charles.config import Config, ConfigError, from_json
from charles.recordings.format.manifest import Manifest


def newest(manifest: Manifest) -> tuple[int, Config]:
    """The last one that this version accepts, with its epoch; the defaults, epoch -1, where there is none."""
    for each in reversed(manifest.configs):
        with suppress(ConfigError):
            return each.epoch, from_json(json.dumps(each.document))
    return -1, Config()
