"""What of a sample is looked at before it is learned from. Pure."""

from __future__ import annotations

import io
import math
from dataclasses import asdict
from typing import Any

import fastavro
import numpy as np
import pytest

from charles.avro import codec
from charles.avro.codec import Unreadable
from charles.balancing.join import SIGNALS
from charles.events import Sample
from charles.labels.outputs import parse
from consumers.trainer.buffers import BufferedSample
from consumers.trainer.sample_intake import SampleShape, to_hold
from tests.consumers.trainer.balanced import jpeg, sample

SIZE = (48, 42)
PICTURE = jpeg(np.zeros((SIZE[1], SIZE[0], 3), np.uint8))
SHAPE = SampleShape(
    SIZE, 1, (parse("steering"), parse("acceleration_braking:delta")), ("acceleration_braking", "steering"), 1, -1
)
NUMBERS = ("speed", "purpose_distance", "purpose_bearing", "acceleration", "braking", "steering")
PAST = [f"history_{signal}" for signal in SIGNALS]


def written(**values: Any) -> bytes:
    """A sample as somebody else may have written it, with values that ours refuse."""
    out = io.BytesIO()
    out.write(codec.SINGLE_OBJECT + codec.own_fingerprint(Sample))
    fastavro.schemaless_writer(out, codec.schema(Sample), asdict(sample(0, frame=PICTURE)) | values)
    return out.getvalue()


def held(data: bytes) -> BufferedSample:
    found = to_hold(codec.decode(Sample, data, lambda _: None), 7, SHAPE)
    assert isinstance(found, BufferedSample)
    return found


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300, -1e39])
def test_no_number_that_a_weight_could_not_bear_comes_in(name: str, value: float) -> None:
    with pytest.raises(Unreadable, match=f"{name} must be in"):
        held(written(**{name: value}))


@pytest.mark.parametrize("name", PAST)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 3e38, -3e38])
@pytest.mark.parametrize("at", [0, 30, 59])
def test_nor_out_of_the_past(name: str, value: float, at: int) -> None:
    past = [0.0] * 60
    past[at] = value
    with pytest.raises(Unreadable, match=f"{name} must be in"):
        held(written(**{name: past}))


@pytest.mark.parametrize("value", [-0.0, 5e-324, 1e-310, 1e-40])
def test_the_smallest_numbers_are_numbers(value: float) -> None:
    found = held(written(**dict.fromkeys(NUMBERS, value), **dict.fromkeys(PAST, [value] * 60)))
    assert all(math.isfinite(number) for number in (*found.inputs, *found.targets))
