"""Gives readers inputs that are seldom quite right, one after the other, and looks at what becomes of each."""

from __future__ import annotations

import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from charles.base.names import plain
from tests.fuzz.mutations import mutated
from tests.fuzz.readers import Reader, structured

MOST_S = 2.0
"""Seconds of processor time that an input may take."""
MOST_GROWTH_BYTES = 200 << 20
"""By which an input may make the process larger than it ever was."""
_SHOWN_BYTES = 200


@dataclass
class FuzzResult:
    """What became of the inputs of one reader. seconds: of processor time; slowest: of one input; growth: bytes, the
    most by which one input made the process larger than it ever was; faults: what should not have happened, with what
    makes it happen again."""

    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    growth: int = 0
    faults: list[str] = field(default_factory=list)


def input_of(name: str, reader: Reader, seed: int, number: int) -> bytes:
    """The number-th input of a reader: always the same one."""
    rng = random.Random(f"{name} {seed} {number}")
    made = structured(name, rng) if rng.random() < 0.3 else None
    return mutated(reader.valid, rng) if made is None else made


def fuzz(name: str, reader: Reader, seed: int, first: int, count: int) -> FuzzResult:
    """Give a reader so many inputs, from the first on."""
    result = FuzzResult()
    for number in range(first, first + count):
        _one(name, reader, seed, number, result)
    return result


def _one(name: str, reader: Reader, seed: int, number: int, result: FuzzResult) -> None:
    data = input_of(name, reader, seed, number)
    folder = Path(tempfile.mkdtemp())
    largest, began, fault = _largest(), time.process_time(), ""
    try:
        reader.read(data, folder)
        result.accepted += 1
    except reader.errors as refusal:
        result.refused += 1
        plain(str(refusal))
    except Exception:  # a fault, whatever it is
        fault = traceback.format_exc()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds, growth = time.process_time() - began, _largest() - largest
    result.inputs += 1
    result.seconds += seconds
    result.slowest = max(result.slowest, seconds)
    result.growth = max(result.growth, growth)
    if seconds > MOST_S:
        fault += f"it took {seconds:.1f} s\n"
    if growth > MOST_GROWTH_BYTES:
        fault += f"it took {growth >> 20} MiB\n"
    if fault:
        begins = data[:_SHOWN_BYTES]
        fault = fault.encode(errors="backslashreplace").decode()
        again = f"python -m tests.fuzz --reader {name!r} --seed {seed} --first {number} --count 1"
        result.faults.append(f"{name}, input {number} of {len(data)} bytes, {begins!r}:\n{fault}{again}")


def _largest() -> int:
    """How large the process ever was, bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most << 10
