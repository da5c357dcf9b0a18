"""A long work shows a bar on a terminal, and nothing elsewhere."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from charles.base.progress import ProgressReporter, no_progress, step_bar
from charles.base.terminal import TextConsole


@pytest.mark.parametrize(("unit", "count"), [("records", "2048/4096 records"), ("bytes", "2.0/4.0 KiB"), ("", "50 %")])
def test_a_bar_tells_the_step_and_how_much_is_done(unit: str, count: str) -> None:
    out = StringIO()
    with step_bar(unit, TextConsole(file=out, force_terminal=True, width=100, color_system=None)) as progress:
        progress("reading [a]", 2048, 4096)
    assert "reading [a] ━" in out.getvalue()
    assert count in out.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_nothing_is_shown_of_short_work_and_where_nobody_looks(terminal: bool) -> None:
    out = StringIO()
    with step_bar("records", Console(file=out, force_terminal=terminal)) as progress:
        if not terminal:
            progress("reading", 1, 2)
    assert out.getvalue() == ""


def test_a_reporter_tells_now_and_then_how_far_it_is_and_changes_nothing() -> None:
    told: list[tuple[int, int]] = []
    watch = ProgressReporter(lambda done, total: told.append((done, total)), 600)
    assert list(watch.over(range(300))) + list(watch.over(range(300, 600))) == list(range(600))
    assert told == [(256, 600), (512, 600)]
    assert list(ProgressReporter(no_progress, 300).over(range(300))) == list(range(300))
