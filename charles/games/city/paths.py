"""Curves in the plane: points at even distances with a heading and a curvature at each.

World axes: x to the right, y down, in metres, as in a picture seen from above; so a heading grows to the right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEP = 0.5  # m between two points of a path


@dataclass(frozen=True, slots=True)
class Path:
    """A curve. points: m, (n, 2), about STEP apart; heading: rad, (n,); curvature: 1/m, (n,), left negative."""

    points: Floats
    heading: Floats
    curvature: Floats

    def __len__(self) -> int:
        return len(self.points)


def path(points: Floats) -> Path:
    """The path through points (k, 2), resampled to even distances of about STEP."""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    even = np.linspace(0.0, lengths[-1], max(4, round(lengths[-1] / STEP) + 1))
    points = np.stack([np.interp(even, lengths, points[:, 0]), np.interp(even, lengths, points[:, 1])], axis=1)
    slope = np.gradient(points, axis=0)
    heading = np.unwrap(np.arctan2(slope[:, 1], slope[:, 0]))
    curvature = np.gradient(heading) / (even[1] - even[0])
    # Resampling makes the second derivative rough; half a car's length of smoothing hides it.
    padded = np.pad(curvature, 2, mode="edge")
    return Path(points, heading, np.convolve(padded, np.full(5, 0.2), mode="valid"))


def rights(heading: Floats) -> Floats:
    """Unit vectors to the right of headings (n,): (n, 2)."""
    return np.stack([-np.sin(heading), np.cos(heading)], axis=-1)


def beside(centre: Path, offset: float) -> Floats:
    """The points (n, 2) that lie `offset` m to the right of a path."""
    return centre.points + offset * rights(centre.heading)


def joined(parts: list[Path]) -> Path:
    """One path out of parts that begin where the one before ends; headings stay continuous modulo 2 pi."""
    return Path(
        np.concatenate([part.points[:-1] for part in parts]),
        np.concatenate([part.heading[:-1] for part in parts]),
        np.concatenate([part.curvature[:-1] for part in parts]),
    )


def hermite(start: Floats, start_tangent: Floats, end: Floats, end_tangent: Floats, count: int = 80) -> Floats:
    """`count` points (count, 2) of the cubic from start to end with these end tangents (m per unit of parameter)."""
    t = np.linspace(0.0, 1.0, count)[:, None]
    return np.asarray(
        (2 * t**3 - 3 * t**2 + 1) * start
        + (t**3 - 2 * t**2 + t) * start_tangent
        + (3 * t**2 - 2 * t**3) * end
        + (t**3 - t**2) * end_tangent
    )


def wrapped(angle: float) -> float:
    """An angle in (-pi, pi]; one that is there already stays as it is, to the last bit."""
    if -np.pi < angle <= np.pi:
        return angle
    return float(-((-angle + np.pi) % (2 * np.pi) - np.pi))
