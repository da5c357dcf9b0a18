"""What a model predicts: which value of the car, as a number, as one of several classes, or as a change.

An output is written `steering` (regression), `steering:classification`, `steering:classification(-0.5/0/0.5)`,
`steering:classification(left=-0.5/straight=0/right=0.5)` or `steering:delta`. Its type decides everything else: bins,
the network's head, loss, metric, and what the player does with a prediction.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from charles.events import Control, Sample
from charles.labels.bins import BINS, Scale, Version, around, scale_of

Kind = Literal["regression", "classification", "delta"]
KINDS: tuple[Kind, ...] = get_args(Kind)

LOWEST = {"acceleration": 0, "braking": 0, "acceleration_braking": -1, "steering": -1}
"""The values of a car that can be predicted, in this order, and the least that each can be; the most is 1."""
OUTPUTS = ("acceleration_braking", "steering")
"""The default outputs."""
DELTAS = (-0.3, -0.1, -0.03, 0.0, 0.03, 0.1, 0.3)
"""The changes from one tick to the next that a delta output chooses from: the original's."""

_WRITTEN = re.compile(r"(?P<name>\w+)(:(?P<kind>\w+)(\((?P<classes>[^()]*)\))?)?")


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a model. text: as it is written; value: which of the car's; scale: the bins of its labels, which
    are its classes where it has classes."""

    text: str
    value: str
    kind: Kind
    scale: Scale

    @property
    def low(self) -> int:
        return LOWEST[self.value]

    @property
    def width(self) -> int:
        """Number of network outputs for it: one, or one per class."""
        return 1 if self.kind == "regression" else len(self.scale)

    def label(self, sample: Sample) -> float:
        """The value to balance by: that of a tick, or its difference from the tick before."""
        return self.label_of(sample, sample.last)

    def label_of(self, tick: Control | Sample, last: Callable[[str], float]) -> float:
        """As label(). last: tells a signal at the tick before."""
        value: float = getattr(tick, self.value)
        return value - self._before(last) if self.kind == "delta" else value

    def before(self, sample: Sample) -> float:
        """The value at the tick before a sample's."""
        return self._before(sample.last)

    def _before(self, last: Callable[[str], float]) -> float:
        return last("acceleration") - last("braking") if self.value == "acceleration_braking" else last(self.value)

    def target(self, sample: Sample) -> float:
        """The training target: the label, or the number of its class."""
        label = self.label(sample)
        return label if self.kind == "regression" else float(self.scale.bin_of(label))

    def decoded(self, predicted: Sequence[float], last: float) -> float:
        """The value that a prediction means, in [low, 1].

        predicted: `width` numbers; last: the value at the tick before, which a delta is added to.
        """
        if self.kind == "regression":
            chosen = predicted[0]
        else:
            chosen = self.scale.centres[max(range(self.width), key=predicted.__getitem__)]
        value = last + chosen if self.kind == "delta" else chosen
        return min(max(value, float(self.low)), 1.0)


def parse(text: str, version: Version = "v3", bins: int = BINS) -> Output:
    """An output as it is written; version, bins: of the balancing, whose bins are the classes of an output that names
    none. Raises ValueError, which says what is accepted."""
    found = _WRITTEN.fullmatch(text.strip())
    name = found["name"] if found else text
    if found is None or name not in LOWEST:
        raise ValueError(
            f"{text!r} is not a valid output: choose from {', '.join(LOWEST)}, and append "
            f":classification, :delta or nothing"
        )
    kind = next((kind for kind in KINDS if kind == (found["kind"] or "regression")), None)
    if kind is None:
        raise ValueError(f"{text!r}: the type of an output must be one of {', '.join(KINDS)}")
    low, classes = LOWEST[name], found["classes"]
    if classes is not None and kind != "classification":
        raise ValueError(f"{text!r}: only a classification can list its classes")
    if kind == "delta":
        scale = around(DELTAS, tuple(f"{delta:+g}" if delta else "0" for delta in DELTAS), low - 1.0, 1.0 - low)
    else:
        scale = scale_of(version, low, bins) if classes is None else _around_classes(text, classes, low)
    return Output(name if kind == "regression" else text.strip(), name, kind, scale)


def described(output: Output) -> str:
    """As parse() reads it under any balancing: with its classes."""
    if output.kind != "classification" or "(" in output.text:
        return output.text
    return f"{output.text}({'/'.join(f'{centre:.6g}' for centre in output.scale.centres)})"


def deltas(outputs: Sequence[Output]) -> list[Output]:
    """Those of them that are changes: a network is told their values at the tick before, for what is to be changed is
    not always seen."""
    return [output for output in outputs if output.kind == "delta"]


def _around_classes(text: str, classes: str, low: int) -> Scale:
    """The bins around classes such as -0.5/0/0.5 or left=-0.5/straight=0/right=0.5."""
    names, centres = [], []
    for part in classes.split("/"):
        name, _, centre = part.strip().rpartition("=")
        try:
            centres.append(float(centre))
        except ValueError:
            raise ValueError(f"{text!r}: a class must be a number or NAME=NUMBER, not {part.strip()!r}") from None
        names.append(name.strip() or f"{centres[-1]:g}")
    growing = all(a < b for a, b in itertools.pairwise(centres))  # false for NaN too
    if len(centres) < 2 or not growing or len(set(names)) < len(names):
        raise ValueError(f"{text!r}: name at least two classes, in increasing order, with unique names")
    if not (low <= centres[0] and centres[-1] <= 1):
        raise ValueError(f"{text!r}: classes must be in [{low}, 1]")
    return around(tuple(centres), tuple(names), float(low), 1.0)
