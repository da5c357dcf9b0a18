"""One drive of each game for all tests: several minutes of city take as many seconds."""

from __future__ import annotations

import pytest

from charles.label_checks import Driven
from tests.label_checks.drives import recorded


@pytest.fixture(scope="session")
def drives() -> dict[str, list[Driven]]:
    """Five minutes of each game, in worlds of ten minutes: few, long runs."""
    return {game: recorded(game, 4, 5, world_minutes=10) for game in ("city", "carracing")}


@pytest.fixture
def long_run(drives: dict[str, list[Driven]], request: pytest.FixtureRequest) -> Driven:
    """The longest run of the game that the test names; two minutes or more."""
    run = max(drives[request.param], key=len)
    assert len(run) > 4000
    return run
