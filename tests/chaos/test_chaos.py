"""The small sibling of `make chaos`: a fixed seed, fewer kills, fewer ticks, the same promises."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from rich.console import Console

from tests.chaos.directing import Story
from tests.chaos.performing import Chaos, perform
from tests.chaos.report import show
from tests.chaos.schedule import Deed

SMALL = Chaos(seed=3, kills=8, ticks=12_000, every_s=3.0, poison=0.01)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9 there")
def test_whatever_is_killed_no_tick_is_lost_repeated_torn_or_mixed_up(tmp_path: Path) -> None:
    story, verdict = perform(SMALL, tmp_path, lambda _story, _what: None)
    show(SMALL, story, verdict, Console())
    assert verdict.passed
    assert_it_was_hard(story)
    assert verdict.acknowledged >= SMALL.ticks
    assert set(verdict.sets) == {"v1", "v2", "v3", "v4"}


def assert_it_was_hard(story: Story) -> None:
    """Everything that can happen has happened."""
    assert set(story.deeds) == set(Deed)
    assert sum(count for deed, count in story.deeds.items() if deed.kills) == SMALL.kills
