"""No input makes a reader do anything but read it, or refuse it. `make fuzz` gives it twenty times as many."""

from __future__ import annotations

import pytest

from tests.fuzz.fuzzing import fuzz
from tests.fuzz.readers import Reader, readers

INPUTS = 5_000
SEED = 20_261_128


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Reader]:
    return readers(tmp_path_factory.mktemp("valid"))


def test_what_is_valid_is_read(every: dict[str, Reader], tmp_path_factory: pytest.TempPathFactory) -> None:
    for name, reader in every.items():
        for data in reader.valid:
            reader.read(data, tmp_path_factory.mktemp("one"))
        assert reader.valid, name


def test_no_reader_stumbles(every: dict[str, Reader]) -> None:
    found = {name: fuzz(name, reader, SEED, 0, INPUTS // len(every)) for name, reader in every.items()}
    faults = [fault for result in found.values() for fault in result.faults]
    assert not faults, "\n\n".join(faults[:5])
    assert all(result.accepted for name, result in found.items()), "some of each are read"
