"""The demo's configuration: changes that let it learn within minutes on a laptop."""

from __future__ import annotations

from charles.config import Config
from charles.labels.bins import BINS

_SETS_A_MINUTE = 3
"""That fill the buffers; in the city about ten come."""


def preset(config: Config, minutes: float) -> list[str]:
    """The changes for a demo of so many minutes, on top of which somebody may want others.

    A shorter demo has smaller buffers, so that it learns for most of its time; and so have outputs with few classes,
    whose sets are smaller: their samples are drawn more often instead.
    """
    set_size = min(BINS, *(len(kind.cells) for kind in config.set_kinds))
    samples = round(_SETS_A_MINUTE * minutes * set_size)
    return [
        f"train.buffer={min(max(samples, 42), 630)}",
        f"train.max_times_sampled={8 * BINS // set_size}",
        f"train.checkpoint_every={min(max(round(10 * minutes), 10), 100)}",
        "play.swap=at once",
    ]
