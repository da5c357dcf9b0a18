"""Cars of Gymnasium (https://gymnasium.farama.org): games that somebody else wrote, with published scores.

The package has the name of the library it adapts; its modules import the library absolutely.
"""

from __future__ import annotations

from charles.games.gymnasium.car_racing import CarRacing
from charles.games.gymnasium.continuous_car import ContinuousCar

__all__ = ["CarRacing", "ContinuousCar"]
