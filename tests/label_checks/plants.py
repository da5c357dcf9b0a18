"""Junk, planted into good driving."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from charles.label_checks import Driven
from charles.label_checks.run_data import Floats


def planted(run: Driven, first: int, last: int, **columns: Floats) -> Driven:
    """The run with other values from row first to last, both included. columns: (n,) of the whole run."""
    changed = {}
    for name, values in columns.items():
        changed[name] = getattr(run, name).copy()
        changed[name][first : last + 1] = values[first : last + 1]
    return replace(run, **changed)


def inverted(run: Driven) -> dict[str, Floats]:
    return {"steering": -run.steering}


def inverted_pedals(run: Driven) -> dict[str, Floats]:
    return {"acceleration": run.braking, "braking": run.acceleration}


def swapped(run: Driven) -> dict[str, Floats]:
    return {"steering": run.pedals, **_pedals(run.steering)}


def late(run: Driven, ticks: int = 5) -> dict[str, Floats]:
    """Labels that come so many ticks after what they did; early below 0."""
    return {"steering": np.roll(run.steering, ticks), **_pedals(np.roll(run.pedals, ticks))}


def early(run: Driven) -> dict[str, Floats]:
    return late(run, -5)


def constant_throttle(run: Driven) -> dict[str, Floats]:
    return {"acceleration": np.full(len(run), 0.3), "braking": np.zeros(len(run))}


def constant_steering(run: Driven) -> dict[str, Floats]:
    """A stick that trembles a little, and moves nothing."""
    return {"steering": 0.1 + 0.001 * np.sin(np.arange(len(run)))}


def saturated(run: Driven) -> dict[str, Floats]:
    return {"steering": np.where(run.steering >= 0, 1.0, -1.0)}


def unrelated(run: Driven) -> dict[str, Floats]:
    """Labels of quite another moment."""
    return {"steering": np.roll(run.steering, len(run) // 3), **_pedals(np.roll(run.pedals, len(run) // 3))}


def frozen_telemetry(run: Driven, first: int, last: int) -> Driven:
    names = ("speed", "yaw_rate", "x", "y", "heading")
    return planted(run, first, last, **{name: np.full(len(run), getattr(run, name)[first]) for name in names})


def _pedals(pedals: Floats) -> dict[str, Floats]:
    return {"acceleration": np.maximum(pedals, 0.0), "braking": np.maximum(-pedals, 0.0)}
