"""The weathers that games know, and which of them a world gets. Imports nothing heavy: the configuration names them."""

from __future__ import annotations

import hashlib
from typing import Literal, get_args

from charles.base.typed_sections import ConfigError

Weather = Literal["clear", "overcast", "rain", "fog", "night"]
WEATHERS: tuple[Weather, ...] = get_args(Weather)
RANDOM = "random"  # no weather, but the wish for one that the world's seed decides


def known(weather: str) -> Weather:
    """The weather of this name. Raises ConfigError, which names all there are."""
    for candidate in WEATHERS:
        if candidate == weather:
            return candidate
    raise ConfigError(f"no weather is called {weather!r}; there are: {', '.join(WEATHERS)}")


def chosen(wish: str, seed: int) -> Weather:
    """The weather of a world: the one wished for, or for `random` one drawn from the world's seed, each as likely.

    The same on every machine. Raises ConfigError for what is neither.
    """
    if wish != RANDOM:
        return known(wish)
    drawn = hashlib.sha256(f"weather {seed}".encode()).digest()
    return WEATHERS[int.from_bytes(drawn[:8]) % len(WEATHERS)]
