"""How often each bin comes: as driven, and in the sets of each kind. Pure.

Only counts are kept, and the last control of each collector: memory does not grow with what is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from charles.config import Config
from charles.events import Control, Sample
from charles.labels.bins import BINS, Scale, scale_of
from charles.labels.outputs import Output

Values = NDArray[np.float64]

ACROSS, UP = "steering", "acceleration_braking"
"""The axes of the joint histogram."""


@dataclass(slots=True)
class Histograms:
    """joint: (bins of steering, bins of acceleration_braking); labels: of each output, by its own bins."""

    joint: Values
    labels: dict[str, Values]


@dataclass(slots=True)
class SetCounts:
    """The samples of one kind of set. cells: by the cell that a sample came from."""

    seen: Histograms
    cells: Values
    samples: int = 0


@dataclass(slots=True)
class DrivenCounts:
    """What was driven. cells: of each kind of set, the ticks that lie in each of its cells; began, ended: when the
    first and the last tick were captured; last: the newest control of each collector."""

    seen: Histograms
    cells: dict[str, Values]
    ticks: int = 0
    began: datetime | None = None
    ended: datetime | None = None
    last: dict[str, Control] = field(default_factory=dict)


class LabelCounts:
    """Counts under one configuration's balancing."""

    def __init__(self, config: Config, bins: int | None = None) -> None:
        """bins: of each axis of the joint histogram, an odd number; None: the configuration's own."""
        self.version = config.balance.version
        self.outputs = config.predicted
        self.kinds = {kind.name: kind for kind in config.set_kinds}
        even = self.version in ("v3", "v4")
        self.axis: Scale = scale_of("v3", -1, bins or (config.balance.bins if even else BINS))
        # A cell's number says its place in `cells`: left out are combinations of v1 that have none.
        self._cells = {
            name: {bins: place for place, bins in enumerate(kind.cells.values())} for name, kind in self.kinds.items()
        }
        self._places = {name: {cell: n for n, cell in enumerate(kind.cells)} for name, kind in self.kinds.items()}
        cells = {name: np.zeros(len(kind.cells)) for name, kind in self.kinds.items()}
        self.drive = DrivenCounts(self._empty(), cells)
        self.sets = {name: SetCounts(self._empty(), np.zeros(len(kind.cells))) for name, kind in self.kinds.items()}

    @property
    def samples(self) -> int:
        return sum(sets.samples for sets in self.sets.values())

    def own_axis(self, output: Output) -> bool:
        """Whether the joint histogram shows an output's bins: it is an axis, and has the axis's bins."""
        return output.value in (ACROSS, UP) and output.scale == self.axis

    def add_control(self, control: Control) -> None:
        """One tick as driven. What a delta differs from is the control before; a run's first tick has no delta."""
        drive, before = self.drive, self.drive.last.get(control.collector)
        drive.last[control.collector] = control
        drive.ticks += 1
        drive.began = min(drive.began or control.time, control.time)
        drive.ended = max(drive.ended or control.time, control.time)
        before = before if before is not None and before.run == control.run else None

        def label(output: Output) -> float | None:
            value: float = getattr(control, output.value)
            if output.kind != "delta":
                return value
            return None if before is None else value - getattr(before, output.value)

        bins = self._count(drive.seen, control, label)
        for name, kind in self.kinds.items():
            cell = tuple(bins.get(output.value, -1) for output in kind.outputs)
            if cell in self._cells[name]:
                drive.cells[name][self._cells[name][cell]] += 1

    def add_sample(self, sample: Sample) -> None:
        """One sample of a set that was balanced under this configuration. One of a bin that there is none of, or
        without the tick before that a delta needs, is nobody's and is passed by."""
        place = self._places.get(sample.set_output, {}).get(sample.set_bin)
        if place is None or not (sample.history_acceleration and sample.history_steering):
            return
        sets = self.sets[sample.set_output]
        sets.samples += 1
        sets.cells[place] += 1
        self._count(sets.seen, sample, lambda output: output.label(sample))

    def _count(
        self, seen: Histograms, event: Control | Sample, label: Callable[[Output], float | None]
    ) -> Mapping[str, int]:
        """Count one tick; returns the bins of its labels, by the output."""
        seen.joint[self.axis.bin_of(event.steering), self.axis.bin_of(event.acceleration_braking)] += 1
        bins = {}
        for output in self.outputs:
            value = label(output)
            if value is not None:
                bins[output.value] = output.scale.bin_of(value)
                seen.labels[output.value][bins[output.value]] += 1
        return bins

    def _empty(self) -> Histograms:
        size = len(self.axis)
        return Histograms(np.zeros((size, size)), {o.value: np.zeros(len(o.scale)) for o in self.outputs})
