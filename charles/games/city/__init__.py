"""The built-in game `city`: numpy and OpenCV only, nothing to download."""

from charles.games.city.game import City

__all__ = ["City"]
